"""Values as people read them: money, days in the brand's zone, ages, and masked customers (R90)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g
from flask_babel import force_locale

from portal.core import clock
from portal.web import formats
from tests.web.kit import draw, make_app

MONDAY = datetime(2026, 11, 2, 8, 20, tzinfo=UTC)  # 16:20 in Shanghai


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_app()


@pytest.fixture(autouse=True)
def request_at_a_fixed_moment(app: Flask) -> Iterator[None]:
    with clock.frozen(MONDAY), app.test_request_context("/"):
        yield


@pytest.mark.parametrize(
    ("yuan", "shown"),
    [
        (Decimal("1234.5"), "¥1,234.50"),
        (Decimal("-1234567.89"), "-¥1,234,567.89"),
        (Decimal("0.005"), "¥0.01"),
        (Decimal("-0.001"), "¥0.00"),
        (3, "¥3.00"),
        (None, "—"),
    ],
)
def test_money_has_its_sign_separators_and_two_places(yuan: Decimal | int | None, shown: str) -> None:
    assert formats.money(yuan) == shown


def test_amounts_and_quantities_carry_no_needless_signs() -> None:
    assert [formats.amount(Decimal("1234.5")), formats.amount(Decimal(-2)), formats.amount(None)] == [
        "1,234.50",
        "-2.00",
        "—",
    ]
    assert [formats.quantity(value) for value in (1200, Decimal("2.50"), Decimal(10), 0, None)] == [
        "1,200",
        "2.5",
        "10",
        "0",
        "—",
    ]


def test_days_carry_their_weekday_in_the_readers_language() -> None:
    assert formats.day(date(2026, 11, 3)) == "2026-11-03 (周二)"
    with force_locale("en"):
        assert formats.day(date(2026, 11, 3)) == "2026-11-03 (Tue)"
    assert formats.day(None) == "—"


def test_an_instant_falls_on_the_day_of_the_brands_zone() -> None:
    late = datetime(2026, 11, 2, 16, 30, tzinfo=UTC)
    assert formats.day(late) == "2026-11-03 (周二)"
    g.zone = ZoneInfo("UTC")
    assert formats.day(late) == "2026-11-02 (周一)"


def test_moments_are_short_and_name_the_year_only_when_it_is_another() -> None:
    assert formats.moment(datetime(2026, 11, 2, 6, 26, tzinfo=UTC)) == "11-02 14:26"
    assert formats.moment(datetime(2025, 12, 31, 15, 59, tzinfo=UTC)) == "2025-12-31 23:59"
    assert formats.moment(datetime(2025, 12, 31, 16, 0, tzinfo=UTC)) == "01-01 00:00"
    assert formats.moment(None) == "—"


def test_months_read_naturally_in_both_languages() -> None:
    assert [formats.month("2026-10"), formats.month(date(2027, 1, 31)), formats.month(None)] == [
        "2026 年 10 月",
        "2027 年 1 月",
        "—",
    ]
    with force_locale("en"):
        assert formats.month("2026-10") == "October 2026"


@pytest.mark.parametrize(
    ("length", "chinese", "english"),
    [
        (timedelta(seconds=59), "刚刚", "just now"),
        (timedelta(minutes=1), "1 分钟", "1 minute"),
        (timedelta(minutes=40), "40 分钟", "40 minutes"),
        (timedelta(hours=23, minutes=59), "23 小时", "23 hours"),
        (timedelta(days=1), "1 天", "1 day"),
        (timedelta(days=3, hours=3), "3 天", "3 days"),
        (timedelta(seconds=-5), "刚刚", "just now"),
    ],
)
def test_ages_are_told_in_one_unit(length: timedelta, chinese: str, english: str) -> None:
    assert formats.ago(length) == formats.ago(MONDAY - length) == chinese
    with force_locale("en"):
        assert formats.ago(length) == english


def test_nothing_has_no_age() -> None:
    assert formats.ago(None) == "—"


@pytest.mark.parametrize(
    ("name", "shown"), [("张三", "张*"), (" 欧阳娜娜 ", "欧*"), ("Li Lei", "L*"), ("", "—"), (None, "—")]
)
def test_names_are_masked_r90(name: str | None, shown: str) -> None:
    assert formats.mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812345678", "138****5678"),
        ("138 1234 5678", "138****5678"),
        ("+86 13812345678", "138****5678"),
        ("0461-7980014", "0461-***0014"),
        ("010-12345678", "010-****5678"),
        ("7980014", "***0014"),
        ("110", "**0"),
        ("", "—"),
        (None, "—"),
    ],
)
def test_phones_are_masked_r90(phone: str | None, shown: str) -> None:
    assert formats.mask_phone(phone) == shown


def test_a_template_asks_who_reads_each_time_it_is_drawn() -> None:
    assert draw("{{ '2026-10'|month }}") == "2026 年 10 月"
    assert draw("{{ '2026-10'|month }}", language="en") == "October 2026"
    assert draw("{{ D('3')|money }} {{ 1200|quantity }} {{ x|mask_name }}", x="张三") == "¥3.00 1,200 张*"


def test_one_template_serves_readers_of_both_languages() -> None:
    app = make_app()
    template = app.jinja_env.from_string("{{ '2026-10'|month }}")
    shown = []
    for language in ("zh_Hans_CN", "en"):
        with app.app_context(), app.test_request_context("/", headers={"Cookie": f"portal_lang={language}"}):
            shown.append(template.render())
    assert shown == ["2026 年 10 月", "October 2026"]


def test_static_files_carry_a_mark_of_their_content_and_missing_pages_have_no_address(app: Flask) -> None:
    assert draw("{{ asset('portal.css') }}", app=app).startswith("/static/portal.css?v=")
    assert draw("{{ url_or_none('orders.index') }} {{ url_or_none('no.such') }}", app=app) == "/orders.index None"
