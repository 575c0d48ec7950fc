"""``portal settle``: what other programs call; one JSON object, one sentence on stderr, exit codes 1 and 2."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from portal.core import clock
from portal.settlement import cli
from tests.factories.world import at
from tests.settlement.months import claimed, posted


@pytest.fixture
def run(world, app):
    def call(command, *arguments, when="2026-11-03 02:00", brand=None):
        with app.test_request_context(), clock.frozen(at(when)):
            group = cli.click.Group("settle")
            cli.register(group)
            return CliRunner().invoke(group, [command, "--brand", brand or world.code, *arguments])

    return call


def test_a_month_is_prepared_shown_checked_and_posted_from_the_command_line(world, run):
    claimed(world, world.d1, {"P1": 4})
    month = ("--month", "2026-10", "--json")
    made = json.loads(run("prepare", *month).stdout)
    assert (made["ok"], made["number"], made["state"], made["lines"], made["dealers"], made["amount"]) == (
        True, "ST2610", "prepared", 1, 1, "50.00",
    )  # fmt: skip
    shown = json.loads(run("show", *month).stdout)
    assert (shown["agrees"], shown["shares"]) == (
        True, [{"dealer": "D001", "name": f"福州恒达{world.code}", "lines": 1, "amount": "50.00", "statement": None}],
    )  # fmt: skip
    assert json.loads(run("check", *month, "--as", f"何敏-{world.code}").stdout)["state"] == "checked"
    done = json.loads(run("post", *month, "--as", f"郑国强-{world.code}").stdout)
    assert (done["state"], done["posted_by"], len(done["chain_hash"])) == ("posted", "郑国强", 64)
    assert json.loads(run("show", *month).stdout)["shares"][0]["statement"] == "ST2610-D001"
    with world.as_(world.hq.auditor) as session:
        from sqlalchemy import text

        via = session.execute(
            text("SELECT act, via, side FROM audit_events WHERE subject_kind = 'settlement' ORDER BY id")
        ).all()
    assert [tuple(row) for row in via] == [
        ("settlement:prepare", "command", "system"), ("settlement:check", "command", "hq"), ("settlement:post", "command", "hq"),
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["prepare", "check", "post"])
def test_already_posted_is_answered_before_anything_else(world, run, command):
    posted(world)
    answer = run(command, "--month", "2026-10", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["refused"] == "already-posted"
    assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["check", "post"])
def test_checking_and_posting_without_as_are_refused(world, run, command):
    answer = run(command, "--month", "2026-10")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "--as" in answer.stderr


def test_refusals_leave_one_sentence_and_exit_code_1(world, run):
    early = run("prepare", "--month", "2026-10", when="2026-11-02 23:59:59")
    assert (early.exit_code, early.stdout) == (1, "")
    assert "2026-11-03" in early.stderr
    assert len(early.stderr.strip().splitlines()) == 1
    run("prepare", "--month", "2026-10")
    assert run("check", "--month", "2026-10", "--as", "nobody").exit_code == 1
    assert run("check", "--month", "2026-10", "--as", f"林晓燕-{world.code}").exit_code == 1  # a clerk may not
    assert run("check", "--month", "2026-10", "--as", f"何敏-{world.code}").exit_code == 0
    same = run("post", "--month", "2026-10", "--as", f"何敏-{world.code}", "--json")
    assert (same.exit_code, json.loads(same.stdout)["refused"]) == (1, "permission-missing")


@pytest.mark.parametrize(
    "arguments", [("--month", "2026-13"), ("--month", "october"), (), ("--month", "2026-10", "--nonsense")]
)
def test_wrong_use_is_exit_code_2(run, arguments):
    assert run("show", *arguments).exit_code == 2


def test_an_unknown_brand_is_wrong_use(run):
    answer = run("show", "--month", "2026-10", brand="nowhere")
    assert answer.exit_code == 2
    assert "nowhere" in answer.stderr


def test_show_of_a_month_never_prepared_is_its_preview_for_a_person_and_for_a_program(world, run):
    claimed(world, world.d1, {"P1": 4}, approved="2026-11-03 09:00")
    shown = json.loads(run("show", "--month", "2026-10", "--json", when="2026-11-03 10:00").stdout)
    assert (shown["state"], shown["lines"], shown["amount"]) == ("not-prepared", 0, "0.00")
    assert shown["left_out"] == [{"because": "approved-late", "lines": 1, "amount": "50.00", "dealers": 1}]
    assert [(line["dealer"], line["part"], line["goes_to"]) for line in shown["left_out_lines"]] == [
        ("D001", "P1", "2026-11")
    ]
    words = run("show", "--month", "2026-10", when="2026-11-03 10:00")
    assert words.exit_code == 0
    assert "ST2610" in words.stdout
