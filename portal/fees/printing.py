"""服务费收费标准: a schedule as the paper for the wall (R70)."""

from __future__ import annotations

from datetime import datetime

from flask_babel import force_locale
from sqlalchemy.orm import Session

from portal.core.permissions import Actor
from portal.fees import labels, queries
from portal.fees.models import FeeSchedule, FeeState
from portal.web.i18n import CHINESE
from portal.web.papers import BrandHead, DealerHead, FeeItem, FeeSchedulePaper, PrintInfo


def fee_paper(session: Session, actor: Actor, schedule: FeeSchedule, *, url: str, at: datetime) -> FeeSchedulePaper:
    """The paper of a schedule; only an approved one carries who approved it, all others say that nothing may be charged."""
    brand, dealer = queries.heads(session, schedule)
    approved = schedule.state is FeeState.APPROVED
    last = queries.last_before(session, schedule) if approved else None
    with force_locale(CHINESE):
        word = str(labels.standing(schedule.state, schedule.from_day, schedule.to_day, actor.day(at))[0])
    return FeeSchedulePaper(
        brand=BrandHead(name=brand.name, english=brand.name_en, logo=brand.logo, hotline=brand.hotline),
        print=PrintInfo(
            state=word,
            printed_at=at.astimezone(actor.zone),
            printed_by=actor.name,
            number=schedule.number or "",
            url=url,
        ),
        dealer=DealerHead(code=dealer.code, name=dealer.name, contact=dealer.contact, phone=dealer.phone),
        region=schedule.region,
        from_day=schedule.from_day,
        until_day=schedule.to_day,
        items=tuple(
            FeeItem(name=one.item, unit=one.unit, amount=one.amount, remark=one.remark) for one in schedule.items
        ),
        version=queries.version(session, schedule) if approved else None,
        replaces=last.from_day if last else None,
        approved_by=schedule.decided_by or "" if approved else "",
        approved_on=actor.day(schedule.decided_at) if approved and schedule.decided_at else None,
    )
