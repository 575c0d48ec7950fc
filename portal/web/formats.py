"""How values read on a page: Jinja filters for money, days, instants, ages and masked personal data (R90).

Money is Decimal yuan; instants are aware and shown in the zone of ``flask.g.zone`` (the brand's; Asia/Shanghai
before anybody signed in); words follow the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, wraps
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Flask, g
from flask_babel import get_locale, gettext, ngettext
from jinja2 import pass_context

from portal.core import clock
from portal.web.assets import init_assets
from portal.web.forms import form_key
from portal.web.pages import beside

NOTHING = "—"
DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
_FEN = Decimal("0.01")


def zone() -> ZoneInfo:
    """The zone in which this request's reader lives: the brand's, or Asia/Shanghai before sign-in."""
    return g.get("zone") or DEFAULT_ZONE


def _language() -> str:
    locale = get_locale()
    return "zh" if locale is None else str(locale.language)


def amount(yuan: Decimal | int | None) -> str:
    """Yuan with separators and two places, without a sign of currency: 1,234.50; a dash for none."""
    return NOTHING if yuan is None else f"{Decimal(yuan).quantize(_FEN, ROUND_HALF_UP):,.2f}"


def money(yuan: Decimal | int | None) -> str:
    """Yuan as ¥1,234.50, below zero as -¥1,234.50; a dash for none."""
    if yuan is None:
        return NOTHING
    exact = Decimal(yuan).quantize(_FEN, ROUND_HALF_UP)
    return f"{'-' if exact < 0 else ''}¥{abs(exact):,.2f}"


def quantity(pieces: Decimal | int | None) -> str:
    """A count with separators and no needless places: 1,200 or 2.5; a dash for none."""
    if pieces is None:
        return NOTHING
    text = f"{Decimal(pieces):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _local(at: date | datetime) -> date | datetime:
    return at.astimezone(zone()) if isinstance(at, datetime) else at


def day(on: date | datetime | None) -> str:
    """A business day with its weekday: 2026-11-03 (周二) in Chinese, 2026-11-03 (Tue) in English; an instant counts in the brand's zone."""
    if on is None:
        return NOTHING
    local = _local(on)
    weekday = format_date(local, "EEE", locale=get_locale() or "zh_Hans_CN")
    return f"{local:%Y-%m-%d} ({weekday})"


def moment(at: datetime | None) -> str:
    """An instant in the brand's zone: 11-02 14:26, with its year when it is not this one."""
    if at is None:
        return NOTHING
    local = at.astimezone(here := zone())
    this_year = clock.today(here).year
    return f"{local:%m-%d %H:%M}" if local.year == this_year else f"{local:%Y-%m-%d %H:%M}"


def month(of: date | str | None) -> str:
    """A month in words, given as any of its days or as "2026-10": 2026 年 10 月, October 2026."""
    if not of:
        return NOTHING
    first = date.fromisoformat(f"{of[:7]}-01") if isinstance(of, str) else of
    if _language() == "zh":
        return gettext("month %(number)d of %(year)d", number=first.month, year=first.year)
    return format_date(first, "MMMM yyyy", locale=get_locale() or "en")


def ago(since: datetime | timedelta | None, now: datetime | None = None) -> str:
    """How long something has waited: 40 minutes, 3 hours, 1 day; from an instant until ``now`` (the portal's), or a length."""
    if since is None:
        return NOTHING
    length = since if isinstance(since, timedelta) else (now or clock.now()) - since.astimezone(UTC)
    minutes = max(int(length.total_seconds() // 60), 0)
    hours, days = minutes // 60, minutes // (24 * 60)
    return _waited(_language(), days, 0 if days else hours, 0 if hours else minutes)


@lru_cache(maxsize=4096)
def _waited(_language: str, days: int, hours: int, minutes: int) -> str:
    """A length in the reader's language, which is the one given; a list says the same ones again and again."""
    if days:
        return ngettext("%(num)d day", "%(num)d days", days)
    if hours:
        return ngettext("%(num)d hour", "%(num)d hours", hours)
    if minutes:
        return ngettext("%(num)d minute", "%(num)d minutes", minutes)
    return gettext("just now")


def mask_name(name: str | None) -> str:
    """A customer's name as others see it (R90): the first character and one star."""
    clean = (name or "").strip()
    return f"{clean[0]}*" if clean else NOTHING


def mask_phone(phone: str | None) -> str:
    """A phone number as others see it (R90): 138****5678; a landline keeps its area code and last four digits."""
    clean = (phone or "").strip()
    if not clean:
        return NOTHING
    area, dash, rest = clean.rpartition("-")
    if dash and area.startswith("0"):
        return f"{area}-{_stars(rest)}"
    digits = "".join(character for character in clean if character.isdigit())
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) == 11 and digits.startswith("1") else _stars(digits or clean)


def _stars(number: str) -> str:
    """All but the last four characters starred; short ones keep their last one only."""
    shown = 4 if len(number) >= 7 else 1
    return "*" * (len(number) - shown) + number[-shown:] if len(number) > 1 else "*"


def gap() -> str:
    """What stands between two sentences: nothing in Chinese, a space in English."""
    return "" if _language() == "zh" else " "


def _live(function: Callable[..., str]) -> Callable[..., str]:
    """A filter that asks who reads; the mark keeps Jinja from working it out once, when the template is compiled."""

    @pass_context
    @wraps(function)
    def asked(_context: object, *values: object, **named: object) -> str:
        return function(*values, **named)

    return asked


FILTERS = {
    "money": money,
    "amount": amount,
    "quantity": quantity,
    "day": _live(day),
    "moment": _live(moment),
    "month": _live(month),
    "ago": _live(ago),
    "mask_name": mask_name,
    "mask_phone": mask_phone,
}


def init_formats(app: Flask) -> None:
    """Give templates the filters above and the page kit's globals (``asset``, ``url_or_none``, ``gap``, ``beside``, ``form_key``)."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["gap"] = _live(gap)
    app.jinja_env.globals["beside"] = beside
    app.jinja_env.globals["form_key"] = form_key
    init_assets(app)
