"""Brands and dealers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Owned


class Brand(Base):
    """A tenant: a manufacturer's headquarters. ``zone`` is the zone of its business days (Asia/Shanghai)."""

    __tablename__ = "brands"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    zone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")
    hotline: Mapped[str] = mapped_column(server_default="")
    logo: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]


class Dealer(Owned):
    """One brand's dealer; it runs a service centre. ``code`` is HQ's number for it (D001)."""

    __tablename__ = "dealers"

    code: Mapped[str]
    name: Mapped[str]
    city: Mapped[str]
    contact: Mapped[str]
    phone: Mapped[str]
    address: Mapped[str]
    created_at: Mapped[datetime]

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("brand_id", "code"),)
