"""The verdict's sentence in both languages (R13)."""

from datetime import date

import pytest
from flask_babel import force_locale

from portal.warranty import labels, rules
from portal.warranty.models import Basis, Use
from portal.warranty.rules import Days, Line

LINES = (
    Line(12, None, 36, 12, Basis.INSTALLED),
    Line(13, "阀芯", 72, 12, Basis.INSTALLED),
    Line(14, "易耗件", 0, 0, Basis.INSTALLED),
)
KNOWN = Days(date(2020, 11, 30), date(2021, 2, 1), date(2021, 3, 2))


def say(language, **changes):
    asked = {
        "policy_version": "202608",
        "lines": LINES,
        "part_group": "阀芯",
        "days": KNOWN,
        "use": Use.HOME,
        "cause": "quality",
        "on": date(2026, 10, 21),
    }
    with force_locale(language):
        return labels.verdict_sentence(rules.verdict(**{**asked, **changes}))


@pytest.mark.parametrize(
    ("changes", "chinese", "english"),
    [
        (
            {},
            "阀芯 72 个月，自 2021-03-02 安装起，至 2027-03-02，家用：保内。依据保修政策 v202608 第 13 行。",
            "阀芯 72 months, from installation on 2021-03-02 until 2027-03-02, home use: in warranty. By warranty policy v202608, line 13.",
        ),
        (
            {"part_group": "", "policy_version": "v202608"},
            "整机 36 个月，自 2021-03-02 安装起，至 2024-03-02，家用：保外，2026-10-21 时已过保修期。依据保修政策 v202608 第 12 行。",
            (
                "Whole unit 36 months, from installation on 2021-03-02 until 2024-03-02, home use: out of warranty, it had ended on 2026-10-21."
                " By warranty policy v202608, line 12."
            ),
        ),
        (
            {"days": Days(bought_on=date(2021, 2, 1)), "use": Use.COMMERCIAL, "on": date(2021, 2, 1)},
            "阀芯 12 个月，自 2021-02-01 购买起，至 2022-02-01，商用：保内。依据保修政策 v202608 第 13 行。",
            "阀芯 12 months, from purchase on 2021-02-01 until 2022-02-01, commercial use: in warranty. By warranty policy v202608, line 13.",
        ),
        (
            {"days": Days(made_on=date(2020, 11, 30)), "on": date(2021, 1, 1)},
            "阀芯 72 个月，自 2021-02-28（生产后 3 个月）起，至 2027-02-28，家用：保外，2021-01-01 时还未开始保修。依据保修政策 v202608 第 13 行。",
            (
                "阀芯 72 months, from 2021-02-28, three months after production, until 2027-02-28, home use: out of warranty,"
                " cover had not begun on 2021-01-01. By warranty policy v202608, line 13."
            ),
        ),
        (
            {"cause": "man-made"},
            "阀芯 72 个月，自 2021-03-02 安装起，至 2027-03-02，家用：保外，故障原因“人为损坏”不在保修范围内。依据保修政策 v202608 第 13 行。",
            (
                "阀芯 72 months, from installation on 2021-03-02 until 2027-03-02, home use: out of warranty,"
                " the cause “Man-made damage” is not covered. By warranty policy v202608, line 13."
            ),
        ),
        (
            {"part_group": "易耗件"},
            "易耗件，家用：不在保修范围内，保外。依据保修政策 v202608 第 14 行。",
            "易耗件, home use: never covered, out of warranty. By warranty policy v202608, line 14.",
        ),
        (
            {"days": Days()},
            "阀芯 72 个月，家用：保外，没有可起算的日期。依据保修政策 v202608 第 13 行。",
            "阀芯 72 months, home use: out of warranty, no day to count from is known. By warranty policy v202608, line 13.",
        ),
        (
            {"lines": ()},
            "保外：保修政策中没有该品类的条款。依据保修政策 v202608。",
            "Out of warranty: the policy has no line for this category of product. By warranty policy v202608.",
        ),
        (
            {"policy_version": None},
            "保外：2026-10-21 没有生效的保修政策。",
            "Out of warranty: no warranty policy was in force on 2026-10-21.",
        ),
    ],
)
def test_R13_the_sentence_names_policy_and_line_what_it_counted_from_and_the_last_day(app, changes, chinese, english):
    with app.test_request_context():
        assert say("zh_Hans_CN", **changes) == chinese
        assert say("en", **changes) == english
