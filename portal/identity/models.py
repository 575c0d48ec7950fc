"""Logins and what protects them belong to no brand and are reached only through the functions of migrations 0002, 0005 and 0011;
members do, and are each login's places, and so do invitations.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Owned

LOCALE_KNOWN = "locale IN ('zh_Hans_CN', 'en')"


class Login(Base):
    """A person's way in. ``password_hash`` is argon2id; ``email`` (small letters) is where a forgotten password's link goes.

    ``locale`` is the language that the person reads: of every mail, and of pages where the browser has chosen none.
    """

    __tablename__ = "logins"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    email: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default=text("'zh_Hans_CN'"))
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "email"), CheckConstraint(LOCALE_KNOWN, name="locale_known"))


class LoginSession(Base):
    """A signed-in browser: only the hash of its random token is kept. All instants are the machine's."""

    __tablename__ = "login_sessions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    login_id: Mapped[int]
    brand_id: Mapped[int | None]
    member_id: Mapped[int | None]
    address: Mapped[str | None]
    agent: Mapped[str | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["login_id"], ["logins.id"]),
        ForeignKeyConstraint(["brand_id", "member_id"], ["members.brand_id", "members.id"]),
        Index(None, "login_id"),
    )


class Member(Owned):
    """One login's place: at headquarters (``dealer_id`` None) or at one dealer, with its roles.

    ``email`` and ``locale`` are the login's: a brand's own rows say how its people are written to.
    """

    __tablename__ = "members"

    login_id: Mapped[int]
    dealer_id: Mapped[int | None]
    login: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default=text("'zh_Hans_CN'"))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            ForeignKeyConstraint(["login_id"], ["logins.id"]),
            ForeignKeyConstraint(["brand_id", "dealer_id"], ["dealers.brand_id", "dealers.id"]),
            UniqueConstraint("brand_id", "login_id", "dealer_id", postgresql_nulls_not_distinct=True),
            CheckConstraint(LOCALE_KNOWN, name="locale_known"),
            Index(None, "login_id"),
        )


class ApiToken(Owned):
    """A program's way into one place: only the hash of the token is kept. Instants are the machine's.

    It acts as its member, holding of that member's permissions those that ``scopes`` name.
    """

    __tablename__ = "api_tokens"

    dealer_id: Mapped[int | None]
    member_id: Mapped[int]
    name: Mapped[str]
    prefix: Mapped[str]  # the first characters, by which a person recognises it
    token_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    ends_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str | None]
    minute: Mapped[datetime | None]  # the minute of the newest call, and how many it has had (AP3)
    calls: Mapped[int] = mapped_column(server_default=text("0"))
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            ForeignKeyConstraint(["brand_id", "member_id"], ["members.brand_id", "members.id"]),
            ForeignKeyConstraint(["brand_id", "dealer_id"], ["dealers.brand_id", "dealers.id"]),
            UniqueConstraint("brand_id", "token_hash"),
            Index(None, "token_hash"),
            Index(None, "brand_id", "member_id"),
        )


class Invitation(Owned):
    """Somebody asked to take a place: pending until it is accepted, revoked or over. ``ends_at`` is the machine's instant.

    Of its link only the hash of the random token is kept; sending again makes a new one and ends the old.
    """

    __tablename__ = "invitations"

    dealer_id: Mapped[int | None]
    name: Mapped[str]
    email: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    locale: Mapped[str]
    token_hash: Mapped[str]
    sends: Mapped[int]
    ends_at: Mapped[datetime]
    invited_at: Mapped[datetime]
    invited_by: Mapped[str]
    member_id: Mapped[int | None]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (
            ForeignKeyConstraint(["brand_id", "dealer_id"], ["dealers.brand_id", "dealers.id"]),
            ForeignKeyConstraint(["brand_id", "member_id"], ["members.brand_id", "members.id"]),
            UniqueConstraint("brand_id", "token_hash"),
            CheckConstraint("(accepted_at IS NULL) = (member_id IS NULL)", name="accepted_by_its_member"),
            CheckConstraint("accepted_at IS NULL OR revoked_at IS NULL", name="accepted_or_revoked"),
            Index(None, "token_hash"),
            Index(None, "brand_id", "dealer_id"),
        )


class LoginLink(Base):
    """A one-time link: a forgotten password's ("reset"), the way from the password to the second factor ("code"), or the
    one that a new address is confirmed by ("email": the address waits in ``email``).
    """

    __tablename__ = "login_links"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    login_id: Mapped[int]
    email: Mapped[str | None]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["login_id"], ["logins.id"]),
        CheckConstraint("kind IN ('reset', 'code', 'email')", name="kind_known"),
        CheckConstraint("(kind = 'email') = (email IS NOT NULL)", name="email_of_its_kind"),
        Index(None, "login_id"),
    )


class SecondFactor(Base):
    """A login's TOTP secret, encrypted; unconfirmed it does nothing. ``last_step`` is the last step of 30 s that was used."""

    __tablename__ = "second_factors"

    login_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[str]
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]

    __table_args__ = (ForeignKeyConstraint(["login_id"], ["logins.id"]),)


class RecoveryCode(Base):
    """One way in without the phone: the keyed hash of a code that works once."""

    __tablename__ = "recovery_codes"

    login_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]

    __table_args__ = (ForeignKeyConstraint(["login_id"], ["logins.id"]),)


class LoginTry(Base):
    """How often something was tried under a key (a hash over login and address), and from when on it may be again."""

    __tablename__ = "login_tries"

    key: Mapped[str] = mapped_column(primary_key=True)
    tries: Mapped[int]
    last_at: Mapped[datetime]
    free_at: Mapped[datetime]

    __table_args__ = (Index(None, "last_at"),)
