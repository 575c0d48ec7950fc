"""Claims for other programs: the dealer's form, headquarters' decisions (R40–R45)."""

from __future__ import annotations

from portal.claims import actions, printing, queries
from portal.claims.models import Claim
from portal.claims.schemas import (
    ApproveIn,
    ClaimIn,
    ClaimLineOut,
    ClaimOut,
    ClaimQuery,
    ClaimRow,
    LineAnswerIn,
    LinesIn,
    ReduceIn,
    RefuseIn,
    WantIn,
)
from portal.claims.views import shown
from portal.core.errors import NotFound
from portal.core.permissions import Permission as P
from portal.web import pdf, qr
from portal.web.api import Answer, Api, Call, File, Page

api = Api("claims", tag="claims", words="What dealers claim back for parts used in warranty, and the decisions on it.")


def _locked(call: Call, ref: str) -> Claim:
    return queries.claim_for_update(call.session, ref)


@api.reads("/claims", P.CLAIM_READ, gives=Page[ClaimRow])
def listed(call: Call, query: ClaimQuery) -> Page[ClaimRow]:
    """Claims, newest first; drafts are the dealer's own."""
    hq = call.actor.side == "hq"
    wanted = queries.Filters(
        tab="" if query.state == "all" else query.state, text=query.q, dealer=query.dealer if hq else "", month=query.month,
        drafts=not hq,
    )  # fmt: skip
    rows = queries.rows(call.session, wanted, before_id=call.after_id(query), limit=query.limit + 1)
    return call.page(query, rows, ClaimRow.of)


@api.reads("/claims/<ref>", P.CLAIM_READ, gives=ClaimOut)
def one(call: Call, ref: str) -> Answer:
    """One claim with its lines and what their checks say."""
    return _shown(call, ref)


@api.reads("/claims/<ref>/paper", P.CLAIM_READ, gives=bytes, kind="application/pdf")
def paper(call: Call, ref: str) -> File:
    """The claim as 保修期内配件费用报销单; a draft has no paper yet."""
    claim = queries.claim(call.session, ref)
    if claim.number is None:
        raise NotFound
    url = qr.address(call.actor, claim.number)
    made = printing.claim_paper(call.session, call.actor, claim, url=url, at=call.at)
    return File(f"{claim.number}.pdf", lambda: pdf.render(made.template, made))


# ---------------------------------------------------------------- the dealer's form


@api.acts("/claims", P.CLAIM_DRAFT, side="dealer", gives=ClaimOut, makes=True)
def draft(call: Call, body: ClaimIn) -> Answer:
    """Start the form of a service month, with the registrations named, if any (R40)."""
    made = actions.draft(call.session, call.actor, month=body.month, note=body.note, at=call.at)
    if body.old_parts:
        actions.add_lines(call.session, call.actor, made.public_id, old_parts=body.old_parts, at=call.at)
    return _shown(call, made.public_id)


@api.acts("/claims/<ref>/lines", P.CLAIM_DRAFT, side="dealer", gives=ClaimOut, makes=True, changes=_locked)
def add_lines(call: Call, ref: str, body: LinesIn) -> Answer:
    """Put registrations on a draft; all of them or none."""
    actions.add_lines(call.session, call.actor, ref, old_parts=body.old_parts, at=call.at)
    return _shown(call, ref)


@api.acts("/claims/<ref>/lines/<position>/remove", P.CLAIM_DRAFT, side="dealer", gives=ClaimOut, changes=_locked)
def remove_line(call: Call, ref: str, position: str) -> Answer:
    """Take a line off a draft; its registration can go on another form."""
    actions.remove_line(call.session, call.actor, ref, position=_place(position), at=call.at)
    return _shown(call, ref)


@api.acts("/claims/<ref>/discard", P.CLAIM_DRAFT, side="dealer", gives=ClaimOut, changes=_locked)
def discard(call: Call, ref: str) -> Answer:
    """Throw a draft away; it is answered as it was. Its registrations can go on another form."""
    before = _shown(call, ref)
    actions.discard(call.session, call.actor, ref, at=call.at)
    return Answer(before.body)


@api.acts("/claims/<ref>/submit", P.CLAIM_SUBMIT, side="dealer", gives=ClaimOut, changes=_locked)
def submit(call: Call, ref: str) -> Answer:
    """Hand the form to headquarters; a line that a check blocks refuses the whole (R41)."""
    found = actions.submit(call.session, call.actor, ref, at=call.at)
    return _shown(call, found.number or ref)


@api.acts("/claims/<ref>/lines/<position>/answer", P.CLAIM_SUBMIT, side="dealer", gives=ClaimOut, changes=_locked)
def answer(call: Call, ref: str, position: str, body: LineAnswerIn) -> Answer:
    """Answer what headquarters wanted of a line, which puts it before the reviewer again."""
    actions.answer(call.session, call.actor, ref, position=_place(position), answer=body.answer, at=call.at)
    return _shown(call, ref)


# ---------------------------------------------------------------- headquarters decides (R43)


@api.acts("/claims/<ref>/approve", P.CLAIM_REVIEW, side="hq", gives=ClaimOut, changes=_locked)
def approve(call: Call, ref: str, body: ApproveIn) -> Answer:
    """Approve lines in full; each learns the month that pays it (R50). All of them or none."""
    actions.approve(call.session, call.actor, ref, positions=body.positions, seen=body.seen, at=call.at)
    return _shown(call, ref)


@api.acts("/claims/<ref>/reduce", P.CLAIM_REVIEW, side="hq", gives=ClaimOut, changes=_locked)
def reduce(call: Call, ref: str, body: ReduceIn) -> Answer:
    """Approve fewer pieces, or fewer yuan, of each of these lines."""
    actions.reduce(
        call.session, call.actor, ref, positions=body.positions, quantity=body.quantity, amount=body.amount, code=body.code,
        reason=body.reason, seen=body.seen, at=call.at,
    )  # fmt: skip
    return _shown(call, ref)


@api.acts("/claims/<ref>/refuse", P.CLAIM_REVIEW, side="hq", gives=ClaimOut, changes=_locked)
def refuse(call: Call, ref: str, body: RefuseIn) -> Answer:
    """Approve nothing of these lines."""
    actions.refuse(
        call.session, call.actor, ref, positions=body.positions, code=body.code, reason=body.reason, seen=body.seen, at=call.at
    )  # fmt: skip
    return _shown(call, ref)


@api.acts("/claims/<ref>/want", P.CLAIM_REVIEW, side="hq", gives=ClaimOut, changes=_locked)
def want(call: Call, ref: str, body: WantIn) -> Answer:
    """Ask the dealer for more about these lines."""
    actions.want(
        call.session, call.actor, ref, positions=body.positions, reason=body.reason, seen=body.seen, at=call.at
    )
    return _shown(call, ref)


# ---------------------------------------------------------------- what all of them answer


def _place(text: str) -> int:
    """A line's place in the address; NotFound for what cannot be one."""
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise NotFound
    return int(text)


def _shown(call: Call, ref: str) -> Answer:
    call.afresh()
    claim = call.actor.sees(queries.claim(call.session, ref))
    dealer = queries.dealer_of(call.session, claim)
    rows = shown.lines(call.session, call.actor, claim, today=call.actor.day(call.at))
    lines = [ClaimLineOut.of(line.row, line.checks, paid=line.paid) for line in rows]
    body = ClaimOut.of(claim, (dealer.code, dealer.name), lines)
    return Answer(body, ver=claim.ver, at=f"/claims/{body.ref}")
