"""What was measured: a figure of the portal beside its yardstick, the goal, and whether it is reached; as a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """``ratio`` is what the goal speaks of: at least it (``at_least``) or at most."""

    what: str
    portal: str
    yardstick: str
    ratio: float
    goal: float
    at_least: bool = False
    unit: str = "×"

    @property
    def reached(self) -> bool:
        """Whether the goal is met, by what was measured and not by what is shown rounded."""
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    @property
    def row(self) -> str:
        """The figure as a row of the table."""
        ratio = f"{self.ratio:.3g}" if self.unit == "×" else f"{self.ratio:.1f}"
        sign = "≥" if self.at_least else "≤"
        return f"| {self.what} | {self.portal} | {self.yardstick} | {ratio}{self.unit} | {sign} {self.goal:g}{self.unit} | {'yes' if self.reached else '**no**'} |"


HEAD = "| measured | portal | yardstick | ratio | goal | reached |\n| --- | --- | --- | --- | --- | --- |"


def table(figures: Sequence[Figure]) -> str:
    """All figures, in Markdown."""
    return "\n".join([HEAD, *(figure.row for figure in figures)])


def machine() -> str:
    """On what: processors, memory, Python, and how busy it is now."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    names = {line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")}
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (
        f"{os.cpu_count()} × {', '.join(sorted(names)) or platform.machine()}, {pages / 2**30:.0f} GB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {load()}"
    )


def load() -> str:
    """The machine's load over the last minute."""
    return f"load {os.getloadavg()[0]:.2f}"
