"""保修期内配件费用报销单: a claim's values in Chinese words, for the paper (R40–R44, R90)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from flask_babel import force_locale
from sqlalchemy.orm import Session

from portal.claims import queries
from portal.claims.labels import LINE_STATES, STATES
from portal.claims.models import Claim, LineState
from portal.claims.queries import LineRow
from portal.core.money import ZERO
from portal.core.permissions import Actor
from portal.old_parts.labels import standing
from portal.warranty.labels import CAUSES, verdict_word
from portal.warranty.rules import Verdict
from portal.web.formats import mask_name, mask_phone, month
from portal.web.papers import BrandHead, ClaimPaper, ClaimPaperLine, DealerHead, PrintInfo

_JUDGED = {LineState.APPROVED, LineState.REDUCED, LineState.REFUSED, LineState.WANTED}


def claim_paper(session: Session, actor: Actor, claim: Claim, *, url: str, at: datetime) -> ClaimPaper:
    """The paper of a submitted claim. Customers are masked whoever prints it: paper goes from hand to hand (R90)."""
    rows = queries.line_rows(session, claim.id)
    brand, dealer = queries.brand_of(session, claim), queries.dealer_of(session, claim)
    decided = [row for row in rows if row.decided_by and row.state in _JUDGED]
    with force_locale("zh_Hans_CN"):
        return ClaimPaper(
            brand=BrandHead(name=brand.name, english=brand.name_en, logo=brand.logo, hotline=brand.hotline),
            print=PrintInfo(
                state=str(STATES[claim.state][0]), printed_at=at.astimezone(actor.zone), printed_by=actor.name,
                number=claim.number or "", url=url,
            ),
            dealer=DealerHead(code=dealer.code, name=dealer.name, contact=dealer.contact, phone=dealer.phone),
            month=claim.month,
            lines=tuple(_line(row) for row in rows),
            submitted_by=claim.submitted_by or "",
            submitted_at=None if claim.submitted_at is None else claim.submitted_at.astimezone(actor.zone),
            reviewed_by="、".join(sorted({row.decided_by or "" for row in decided})),
            decided_at=None if claim.decided_at is None else claim.decided_at.astimezone(actor.zone),
            photos=queries.photo_count(session, claim),
            pays_in="、".join(month(one) for one in sorted({row.pays_in for row in rows if row.pays_in})),
        )  # fmt: skip


def _line(row: LineRow) -> ClaimPaperLine:
    verdict = Verdict.from_json(row.verdict)
    version = (verdict.policy_version or "").removeprefix("v")
    judged = row.state in _JUDGED
    return ClaimPaperLine(
        service_day=row.service_day,
        model=row.model,
        serial=row.serial,
        verdict=verdict_word(verdict),
        in_cover=verdict.covered,
        covered_until=verdict.last_day,
        policy=f"v{version} #{verdict.line_no}" if verdict.line_no is not None else "",
        fault=row.fault_name,
        fault_code=row.fault_code,
        cause=str(CAUSES.get(row.cause, row.cause)),
        part_number=row.part_number,
        part_name=row.part_name,
        spec=row.part_spec,
        quantity=row.quantity,
        claimed=row.claimed,
        customer=mask_name(row.customer_name),
        phone_tail=mask_phone(row.customer_phone)[-4:] if row.customer_phone else "",
        old_part=row.old_part,
        old_part_state=str(standing(row.old_part_state, row.review)[0]),
        approved=row.approved if row.approved is not None else _nothing(row),
        decision=str(LINE_STATES[row.state][0]) if judged else "",
        decision_code=row.decision_code or "" if judged else "",
        reason=row.decision_reason or "" if judged else "",
    )


def _nothing(row: LineRow) -> Decimal | None:
    """A refused line is decided: nothing is approved; an open one has no figure yet."""
    return ZERO if row.state is LineState.REFUSED else None
