"""The declarative base, tenant keys, and the unit of work.

Every tenant table is keyed (brand_id, id); foreign keys carry the brand too, because a plain foreign
key does not look at policies and would let one tenant point at another's row (architecture.md, section 3).
"""

from __future__ import annotations

import secrets
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    PrimaryKeyConstraint,
    SQLColumnExpression,
    Text,
    UniqueConstraint,
    and_,
    event,
    text,
)
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    declared_attr,
    mapped_column,
    registry,
    relationship,
)
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from portal.core import scope as scopes
from portal.core.money import Money
from portal.core.scope import Scope

Result = TypeVar("Result")

# The unsigned reading of the context; row-level security compares it with the signed one on write.
CURRENT_BRAND = text("nullif(split_part(current_setting('app.ctx', true), '.', 2), '')::bigint")


# A number, a serial, a reference: plain signs, ordered by them whatever the server's language, so that "begins with" is one range of an index.
Number = Annotated[str, mapped_column(Text(collation="C"))]


_LAST = "\U0010ffff"  # sorts after every sign that can be typed


class Base(DeclarativeBase):
    """What every table of the portal derives from."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "pk": "pk_%(table_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
            }
        ),
        type_annotation_map={
            str: Text,
            Decimal: Money,
            datetime: DateTime(timezone=True),
            date: Date,
            int: BigInteger,
        },
    )


class Owned(Base):
    """A row of one brand."""

    __abstract__ = True

    brand_id: Mapped[int] = mapped_column(server_default=CURRENT_BRAND)
    id: Mapped[int] = mapped_column(
        Identity(), autoincrement=True
    )  # said, or rows of a list would be inserted one by one

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805
        return (
            PrimaryKeyConstraint("brand_id", "id"),
            ForeignKeyConstraint(["brand_id"], ["brands.id"]),
            *cls.constraints(),
        )

    @classmethod
    def constraints(cls) -> tuple[Any, ...]:
        """The table's own keys, foreign keys, checks and indexes."""
        return ()


class DealerOwned(Owned):
    """A row of one dealer of one brand; ``(brand_id, dealer_id, id)`` lets children point only inside the dealer."""

    __abstract__ = True

    dealer_id: Mapped[int]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805
        return (
            PrimaryKeyConstraint("brand_id", "id"),
            UniqueConstraint("brand_id", "dealer_id", "id"),
            ForeignKeyConstraint(["brand_id", "dealer_id"], ["dealers.brand_id", "dealers.id"]),
            *cls.constraints(),
        )


def begins(column: SQLColumnExpression[str], typed: str) -> ColumnElement[bool]:
    """Whether a :data:`Number` begins with ``typed``: two comparisons that row-level security leaves to the index, LIKE it does not."""
    return and_(column >= typed, column < typed + _LAST)


def to(table: str, column: str) -> ForeignKeyConstraint:
    """A foreign key that cannot leave the brand."""
    return ForeignKeyConstraint(["brand_id", column], [f"{table}.brand_id", f"{table}.id"])


def within(table: str, column: str) -> ForeignKeyConstraint:
    """A foreign key that cannot leave the dealer."""
    return ForeignKeyConstraint(
        ["brand_id", "dealer_id", column], [f"{table}.brand_id", f"{table}.dealer_id", f"{table}.id"]
    )


def one(child: str, parent: str, column: str, **options: Any) -> Any:
    """The many-to-one side: writes ``column`` only; the brand comes from the session's scope."""
    return relationship(parent, primaryjoin=_join(child, parent, column), **options)


def many(child: str, parent: str, column: str, **options: Any) -> Any:
    """The one-to-many side of :func:`one`."""
    return relationship(child, primaryjoin=_join(child, parent, column), **options)


def _join(child: str, parent: str, column: str) -> str:
    return f"and_({child}.brand_id == {parent}.brand_id, foreign({child}.{column}) == {parent}.id)"


def states(kind: type[StrEnum]) -> Enum:
    """States as text (the CHECK stands in the migration): an enum's operators are not leakproof."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=24,
        name=f"{kind.__name__.lower()}_known",
        values_callable=lambda members: [m.value for m in members],
    )


db = SQLAlchemy(model_class=Base)
SILENT_SECONDS = 30  # how long a pooled connection is trusted to have a server at its other end


@contextmanager
def unit_of_work(scope: Scope) -> Iterator[Session]:
    """One business act: it happens whole, or it leaves no trace. Opened by the edge, never by an action."""
    with Session(db.engine, expire_on_commit=False, info={"scope": scope}) as session, session.begin():
        yield session


TRIES = 3
_CROSSED = frozenset(
    {"40P01", "40001"}
)  # a deadlock, a serialization failure: PostgreSQL ended this one so that others can go on
_PAUSE_MS = 40


def act_whole(scope: Scope, act: Callable[[Session], Result]) -> Result:
    """Run ``act`` in one unit of work of its own, and again from its beginning, in a new one, when PostgreSQL ended it for another's sake.

    At most :data:`TRIES` times, after a short pause of chance, so that two that crossed do not cross again. What was done before the end
    is gone each time: ``act`` must do nothing outside its session that may not happen twice.
    """
    for left in reversed(range(TRIES)):
        try:
            with unit_of_work(scope) as session:
                return act(session)
        except DBAPIError as error:
            if not left or getattr(error.orig, "sqlstate", None) not in _CROSSED:
                raise
            time.sleep((1 + secrets.randbelow(_PAUSE_MS)) / 1000)
    raise AssertionError  # the last try returned or raised


@event.listens_for(Pool, "checkin")
def _given_back(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["back"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _still_there(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    """Ask a connection that was kept whether its server is still there, but only where it may be gone.

    A server that ends a connection says so: something is there to be read. After half a minute of silence it is asked in any
    case. Asking each time would be two journeys to the server on every page. A dead one is replaced (DisconnectionError).
    """
    back = record.info.get("back")
    if back is None or (time.monotonic() - back < SILENT_SECONDS and not _speaks(connection.fileno())):
        return
    try:
        before, connection.autocommit = connection.autocommit, True
        connection.execute("SELECT 1")
        connection.autocommit = before
    except psycopg.Error as error:
        raise DisconnectionError from error


def _speaks(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


@event.listens_for(Session, "before_flush")
def _write_the_brand(session: Session, context: Any, instances: Any) -> None:
    """A new row says its brand itself: left to the column's default it would be read back, and rows go in one by one."""
    if (scope := session.info.get("scope")) is not None:
        for row in session.new:
            if isinstance(row, Owned) and "brand_id" not in row.__dict__:
                row.brand_id = scope.brand_id


@event.listens_for(Session, "after_begin")
def _enter_scope(session: Session, transaction: Any, connection: Connection) -> None:
    if transaction.nested:  # a rolled-back savepoint would take the setting with it
        return
    if (scope := session.info.get("scope")) is not None:
        scopes.enter(connection, scope)
