"""The words with deadlines (R30, R34)."""

from datetime import date

import pytest
from flask_babel import force_locale

from portal.old_parts import labels
from portal.old_parts.models import OldPartState, Review

LAST = date(2026, 11, 9)


@pytest.mark.parametrize(
    ("today", "chinese", "english"),
    [
        (date(2026, 11, 3), "旧件未报备：还有 6 天，到 11-09 24:00", "6 days left to report, until 11-09 24:00"),
        (date(2026, 11, 8), "旧件未报备：还有 1 天，到 11-09 24:00", "1 day left to report, until 11-09 24:00"),
        (LAST, "旧件未报备：今天 24:00 前报备", "To be reported today, until 24:00"),
        (
            date(2026, 11, 10),
            "旧件未报备：已超 1 天，将标记为逾期报备",
            "Not reported; 1 day over, it will be marked late",
        ),
        (
            date(2026, 11, 12),
            "旧件未报备：已超 3 天，将标记为逾期报备",
            "Not reported; 3 days over, it will be marked late",
        ),
    ],
)
def test_R30_the_countdown_in_both_languages(app, today, chinese, english):
    with app.test_request_context():
        with force_locale("zh_Hans_CN"):
            assert labels.countdown(today, LAST) == chinese
        with force_locale("en"):
            assert labels.countdown(today, LAST) == english


@pytest.mark.parametrize(
    ("state", "review", "turn"),
    [
        (OldPartState.REGISTERED, Review.PENDING, "dealer"),
        (OldPartState.REPORTED, Review.PENDING, "hq"),
        (OldPartState.REPORTED, Review.WANTED, "dealer"),
        (OldPartState.REPORTED, Review.ACCEPTED, None),
        (OldPartState.REPORTED, Review.REFUSED, None),
        (OldPartState.WITHDRAWN, Review.PENDING, None),
    ],
)
def test_whose_turn_it_is(state, review, turn):
    assert [side for side in ("dealer", "hq") if labels.mine(state, review, side)] == ([turn] if turn else [])


def test_R34_the_answer_on_the_label(app):
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        assert labels.return_rule(True) == "必须寄回"
        assert labels.return_rule(False) == "保留至报销"
        assert labels.slot_hint("old-part", "OP2611-0007") == "把编号 0007 写在旧件上或贴上标签再拍"
