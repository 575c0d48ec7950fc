"""Invitations of a place, under row-level security."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.core.errors import NotFound
from portal.identity.models import Invitation

MOST = 200


def pending_invitations(session: Session) -> Sequence[Invitation]:
    """Neither accepted nor revoked, the newest first, at most 200; those that are over can be sent again."""
    return session.scalars(
        select(Invitation)
        .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .order_by(Invitation.id.desc())
        .limit(MOST)
    ).all()


def invitation(session: Session, invitation_id: int) -> Invitation:
    """One of them; NotFound."""
    found = session.scalar(select(Invitation).where(Invitation.id == invitation_id))
    if found is None:
        raise NotFound
    return found


def invitation_of_link(session: Session, token_hash: str | None) -> Invitation | None:
    """The one that can be sent again and whose newest link was that of the hash; None when it is settled or has another link."""
    found = select(Invitation).where(
        Invitation.token_hash == token_hash, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    return session.scalar(found) if token_hash else None


def is_invited(session: Session, email: str, dealer_id: int | None) -> bool:
    """Whether a link to that place is under way to that address."""
    place = Invitation.dealer_id.is_(None) if dealer_id is None else Invitation.dealer_id == dealer_id
    found = select(Invitation.id).where(
        Invitation.email == email, place, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None),
        Invitation.ends_at > func.clock_timestamp(),
    )  # fmt: skip
    return session.scalar(found.limit(1)) is not None


def dealer_name(session: Session, dealer_id: int | None) -> str | None:
    """What the dealer is called, None for headquarters. The register stands above this package."""
    return session.scalar(text("SELECT name FROM dealers WHERE id = :id"), {"id": dealer_id}) if dealer_id else None


def dealer_names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """The same for many, with their codes: "D001 Fuzhou Hengda"."""
    if not ids:
        return {}
    rows = session.execute(text("SELECT id, code, name FROM dealers WHERE id = ANY(:ids)"), {"ids": list(ids)})
    return {row.id: f"{row.code} {row.name}" for row in rows}


def dealer_by_code(session: Session, code: str) -> int | None:
    """The id of the dealer of that code, None when there is none."""
    return session.scalar(text("SELECT id FROM dealers WHERE code = :code"), {"code": code})


def zone_of(session: Session) -> ZoneInfo:
    """The brand's time zone."""
    return ZoneInfo(str(session.scalar(text("SELECT zone FROM brands"))))


def brand_name_of(session: Session, *, english: bool) -> str:
    """What the brand is called."""
    row = session.execute(text("SELECT name, name_en FROM brands")).one()
    return str(row.name_en if english else row.name)
