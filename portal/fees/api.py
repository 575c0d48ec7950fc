"""Service-fee schedules for other programs (R70)."""

from __future__ import annotations

from portal.core.permissions import Permission as P
from portal.fees import actions, printing, queries
from portal.fees.models import FeeSchedule
from portal.fees.schemas import FeeIn, FeeOut, FeeQuery, FeeReasonIn, FeeRow
from portal.web import pdf, qr
from portal.web.api import Answer, Api, Call, File, Page

api = Api("fees", tag="fee schedules", words="What dealers charge their customers, once headquarters has approved it.")


def _locked(call: Call, ref: str) -> FeeSchedule:
    return queries.schedule_for_update(call.session, ref)


@api.reads("/fee-schedules", P.FEE_READ, gives=Page[FeeRow])
def listed(call: Call, query: FeeQuery) -> Page[FeeRow]:
    """Schedules, newest first; headquarters sees what was ever submitted."""
    hq = call.actor.side == "hq"
    tab = "" if query.state == "all" else query.state
    wanted = queries.Filters(tab=tab, text=query.q, dealer=query.dealer if hq else "", hq=hq)
    rows = queries.rows(
        call.session, wanted, today=call.actor.day(call.at), before_id=call.after_id(query), limit=query.limit + 1
    )
    return call.page(query, rows, FeeRow.of)


@api.reads("/fee-schedules/<ref>", P.FEE_READ, gives=FeeOut)
def one(call: Call, ref: str) -> Answer:
    """One schedule with its items."""
    return _shown(call, ref)


@api.reads("/fee-schedules/<ref>/paper", P.FEE_READ, gives=bytes, kind="application/pdf")
def paper(call: Call, ref: str) -> File:
    """The schedule as 服务费收费标准."""
    found = call.actor.sees(queries.schedule(call.session, ref))
    made = printing.fee_paper(call.session, call.actor, found, url=qr.address(call.actor, found.number), at=call.at)
    return File(f"{found.number or 'FS-draft'}.pdf", lambda: pdf.render(made.template, made))


@api.acts("/fee-schedules", P.FEE_DRAFT, side="dealer", gives=FeeOut, makes=True)
def draft(call: Call, body: FeeIn) -> Answer:
    """Start a draft for one region; nothing may be charged by it."""
    made = actions.draft(
        call.session, call.actor, region=body.region, from_day=body.from_day, items=[item.wish() for item in body.items],
        note=body.note, at=call.at,
    )  # fmt: skip
    return _shown(call, made.public_id)


@api.acts("/fee-schedules/<ref>/amend", P.FEE_DRAFT, side="dealer", gives=FeeOut, changes=_locked)
def amend(call: Call, ref: str, body: FeeIn) -> Answer:
    """Write a draft anew, whole."""
    actions.amend(
        call.session, call.actor, ref, region=body.region, from_day=body.from_day, items=[item.wish() for item in body.items],
        note=body.note, at=call.at,
    )  # fmt: skip
    return _shown(call, ref)


@api.acts("/fee-schedules/<ref>/submit", P.FEE_SUBMIT, side="dealer", gives=FeeOut, changes=_locked)
def submit(call: Call, ref: str) -> Answer:
    """Hand a draft to headquarters; the first time it gets its number."""
    found = actions.submit(call.session, call.actor, ref, at=call.at)
    return _shown(call, found.number or ref)


@api.acts("/fee-schedules/<ref>/approve", P.FEE_APPROVE, side="hq", gives=FeeOut, changes=_locked)
def approve(call: Call, ref: str) -> Answer:
    """It may be charged from its first day; the one in force until then ends the day before."""
    actions.approve(call.session, call.actor, ref, at=call.at)
    return _shown(call, ref)


@api.acts("/fee-schedules/<ref>/send-back", P.FEE_APPROVE, side="hq", gives=FeeOut, changes=_locked)
def send_back(call: Call, ref: str, body: FeeReasonIn) -> Answer:
    """The dealer changes it and submits it again."""
    actions.send_back(call.session, call.actor, ref, reason=body.reason, at=call.at)
    return _shown(call, ref)


@api.acts("/fee-schedules/<ref>/refuse", P.FEE_APPROVE, side="hq", gives=FeeOut, changes=_locked)
def refuse(call: Call, ref: str, body: FeeReasonIn) -> Answer:
    """It may never be charged."""
    actions.refuse(call.session, call.actor, ref, reason=body.reason, at=call.at)
    return _shown(call, ref)


def _shown(call: Call, ref: str) -> Answer:
    call.afresh()
    found = call.actor.sees(queries.schedule(call.session, ref))
    _brand, dealer = queries.heads(call.session, found)
    body = FeeOut.of(found, dealer.code, dealer.name)
    return Answer(body, ver=found.ver, at=f"/fee-schedules/{body.ref}")
