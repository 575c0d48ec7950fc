"""No case of tests/reliability.toml that is due is without a test that names it, and none that waits is tried unseen."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CASES = tomllib.loads((TESTS / "reliability.toml").read_text(encoding="utf-8"))
FAMILIES = {
    "T": 12, "AN": 8, "AZ": 6, "MO": 10, "CO": 7, "BA": 7, "JO": 5, "DB": 8, "UP": 7, "IE": 6, "PD": 4, "AP": 7, "OP": 6, "PR": 7,
}  # fmt: skip
DONE = 3  # the issue that this state of the portal is
ID = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(FAMILIES)})[0-9]{{1,2}}(?![A-Za-z0-9])")
FOLDERS = {"chaos": "chaos", "bench": "bench"}  # where a case of that place is tried


def named(folder: Path) -> dict[str, set[str]]:
    """Case id → the tests whose name or docstring says it."""
    found = defaultdict(set)
    for path in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for case in ID.findall(f"{node.name} {ast.get_docstring(node) or ''}"):
                    found[case].add(f"{path.relative_to(folder)}::{node.name}")
    return found


def untried(cases: dict[str, dict[str, object]], tests: dict[str, set[str]]) -> list[str]:
    """What is due, is no drill, and has no test in its place."""
    return [
        case for case, about in cases.items()
        if isinstance(about["issue"], int) and about["issue"] <= DONE and about["place"] != "drill"
        and not any(test.startswith(FOLDERS.get(str(about["place"]), "")) for test in tests.get(case, ()))
    ]  # fmt: skip


def test_all_hundred_cases_stand_in_the_list_with_an_issue_and_a_place() -> None:
    assert set(CASES) == {f"{family}{number}" for family, most in FAMILIES.items() for number in range(1, most + 1)}
    for case, about in CASES.items():
        assert about["place"] in {"ci", "bench", "chaos", "drill"}, case
        assert isinstance(about["issue"], int) or (about["issue"] == "later" and about["why"]), case


def test_every_case_that_is_due_is_named_by_a_test_in_its_place() -> None:
    assert untried(CASES, named(TESTS)) == []


def test_a_case_that_waits_is_not_tried_already() -> None:
    """Whoever brings one says so in the list."""
    tests = named(TESTS)
    assert {case: tests[case] for case, about in CASES.items() if about["issue"] == "later" and case in tests} == {}


@pytest.mark.parametrize("missing", ["T6", "CO6", "BA1"])
def test_the_control_a_due_case_without_its_test_is_named(missing: str) -> None:
    tests = named(TESTS)
    assert untried(CASES, {case: where for case, where in tests.items() if case != missing}) == [missing]
    elsewhere = tests | {"CO6": {"ledger/test_x.py::test_CO6_x"}}
    assert untried(CASES, elsewhere) == ["CO6"]  # a case of chaos is tried by killing something
