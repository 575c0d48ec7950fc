"""Parts with their prices, and fault codes, for other programs."""

from __future__ import annotations

from datetime import date

from portal.catalog import queries
from portal.catalog.schemas import DayQuery, FaultOut, FaultQuery, PartOut, PartQuery
from portal.core.errors import NotFound
from portal.core.permissions import Permission as P
from portal.web.api import Api, Call, Page

api = Api("catalog", tag="catalogue", words="Parts, what they cost on a day, and fault codes.")


@api.reads("/parts", P.PART_READ, gives=Page[PartOut])
def parts(call: Call, query: PartQuery) -> Page[PartOut]:
    """Parts by number with their prices on a day; a dealer sees those that the list prices."""
    on = _day(call, query.day)
    rows = queries.parts_page(
        call.session, day=on, text=query.q, model=query.model, after=call.after(query) or "",
        priced=call.actor.side == "dealer", limit=query.limit + 1,
    )  # fmt: skip
    return call.page(query, rows, lambda row: PartOut.of(row, on), key="number")


@api.reads("/parts/<part>", P.PART_READ, gives=PartOut)
def part(call: Call, part: str, query: DayQuery) -> PartOut:
    """One part by its exact number."""
    on, number = _day(call, query.day), queries.part(call.session, part).number
    found = queries.find_parts(call.session, number, day=on, limit=1)
    if not found or found[0].number != number:
        raise NotFound
    return PartOut.of(found[0], on)


@api.reads("/fault-codes", P.PART_READ, gives=Page[FaultOut])
def fault_codes(call: Call, query: FaultQuery) -> Page[FaultOut]:
    """Fault codes by code; those of a category come with those for all."""
    ids = queries.category_ids(call.session)
    if query.category and query.category not in ids:
        raise NotFound
    rows = queries.find_faults(
        call.session, query.q, ids.get(query.category), after=call.after(query) or "", limit=query.limit + 1
    )
    names = {number: name for name, number in ids.items()}
    return call.page(query, rows, lambda row: FaultOut.of(row, names), key="code")


def _day(call: Call, asked: date | None) -> date:
    """The day asked about; a day to come is headquarters' to prepare."""
    today = call.actor.day(call.at)
    return today if asked is None or (call.actor.side == "dealer" and asked > today) else asked
