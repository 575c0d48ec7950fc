"""Draw every workflow from the table that decides it: docs/flows/<name>.md, a state diagram and its steps.

``make flows`` writes them; with ``check`` nothing is written, and CI learns which files are out of date.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import portal
from portal.core.workflow import Step, Workflow
from portal.identity.roles import HOLDS

START_END = "[*]"


def write(folder: Path, *, check: bool) -> list[str]:
    """Write every drawing and take away those without a workflow; returns the names of the files that changed (or would)."""
    wanted = {f"{flow.name}.md": draw(flow, module) for module, flow in workflows()}
    wanted["README.md"] = index(workflows())
    known = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    changed = sorted(
        {name for name, text in wanted.items() if known.get(name) != text} | (known.keys() - wanted.keys())
    )
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for name in changed:
            if name in wanted:
                (folder / name).write_text(wanted[name], encoding="utf-8")
            else:
                (folder / name).unlink()
    return changed


def workflows() -> Iterator[tuple[str, Workflow]]:
    """Every workflow with the module that holds it ("portal/orders/workflow.py"), by name, each once."""
    found: dict[str, tuple[str, Workflow]] = {}
    for package in pkgutil.iter_modules(portal.__path__):
        name = f"portal.{package.name}.workflow"
        if not package.ispkg or importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        for value in vars(module).values():
            if isinstance(value, Workflow):
                found.setdefault(value.name, (name.replace(".", "/") + ".py", value))
    return iter(found[name] for name in sorted(found))


def draw(flow: Workflow, module: str) -> str:
    """One workflow as Markdown: the diagram, then each step with its permission, the roles that hold it, and its guards."""
    lines = [
        f"# {flow.name}",
        "",
        f"Drawn from `{module}` by `make flows`; change the table there, not this file.",
        "",
        "```mermaid",
        "stateDiagram-v2",
    ]
    names = {state for step in flow.steps for state in (*step.leaves, step.reaches)} | {flow.starts, *flow.ends}
    lines += [f'    state "{state}" as {_id(state)}' for state in sorted(names) if _id(state) != state]
    lines.append(f"    {START_END} --> {_id(flow.starts)}")
    lines += [
        f"    {_id(state)} --> {_id(step.reaches)} : {step.name}"
        for step in flow.steps
        for state in sorted(step.leaves)
    ]
    lines += [f"    {_id(state)} --> {START_END}" for state in sorted(flow.ends)]
    lines += ["```", "", "| step | from | to | permission | roles | guards |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [_row(step) for step in flow.steps]
    return "\n".join(lines) + "\n"


def index(flows: Iterator[tuple[str, Workflow]]) -> str:
    """The list of all drawings."""
    lines = [
        "# Workflows",
        "",
        "Drawn by `make flows` from the tables that decide; nothing here is written by hand.",
        "",
    ]
    lines += [f"- [{flow.name}]({flow.name}.md), from `{module}`" for module, flow in flows]
    return "\n".join(lines) + "\n"


def _row(step: Step) -> str:
    holders = ", ".join(role.value for role, held in HOLDS.items() if step.needs in held)
    guards = ", ".join(f"`{guard.__name__}`" for guard in step.guards)
    cells = [f"`{step.name}`", ", ".join(sorted(step.leaves)), str(step.reaches), f"`{step.needs}`", holders, guards]
    return "| " + " | ".join(cells) + " |"


def _id(state: str) -> str:
    """Mermaid takes no hyphen in a state's name."""
    return str(state).replace("-", "_")
