"""A small brand to tell stories in: made through real actions wherever one exists."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from zoneinfo import ZoneInfo

from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.catalog.models import Category, FaultCode, Part, PartModel, Price, PriceList, ProductModel
from portal.core.db import db, unit_of_work
from portal.core.permissions import Actor
from portal.identity import actions as identity
from portal.identity import queries as identity_queries
from portal.identity.roles import Role
from portal.ledger import actions as ledger
from portal.organizations.models import Dealer
from portal.warranty.models import Basis, PolicyLine, Product, Use, WarrantyPolicy

SHANGHAI = ZoneInfo("Asia/Shanghai")
_count = itertools.count(1)


def at(words: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """'2026-10-12 10:00' in Shanghai as an instant."""
    return datetime.fromisoformat(words).replace(tzinfo=zone)


def yuan(words: str | int) -> Decimal:
    """An exact amount."""
    return Decimal(words).quantize(Decimal("0.01"))


def picture(seed: int = 1, *, size: tuple[int, int] = (64, 48), form: str = "JPEG") -> bytes:
    """A small photo; another seed, other bytes."""
    image = Image.new("RGB", size, (seed * 37 % 256, seed * 91 % 256, seed * 53 % 256))
    image.putpixel((seed % size[0], seed // size[0] % size[1]), (255, 255, 255))
    out = BytesIO()
    image.save(out, form)
    return out.getvalue()


@dataclass
class People:
    """One actor per role, at headquarters and at each dealer."""

    clerk: Actor
    manager: Actor
    warehouse: Actor
    finance: Actor
    finance2: Actor
    finance_manager: Actor
    admin: Actor
    auditor: Actor
    system: Actor


@dataclass
class Shop:
    """One dealer and its people."""

    id: int
    code: str
    clerk: Actor
    technician: Actor
    manager: Actor


@dataclass
class World:
    """A brand. ``parts`` by number: P1 12.50/30.00 return, P2 100.00/186.00 keep, P3 7.80/18.00 no cover (易耗件)."""

    code: str
    brand_id: int
    hq: People
    d1: Shop
    d2: Shop
    parts: dict[str, int] = field(default_factory=dict)
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _photo: itertools.count[int] = field(default_factory=lambda: itertools.count(int.from_bytes(os.urandom(3))))

    @contextmanager
    def as_(self, actor: Actor) -> Iterator[Session]:
        """A unit of work as that actor."""
        with unit_of_work(actor.scope) as session:
            yield session

    def product(self, shop: Shop, *, installed: date | None = date(2025, 3, 2), model: str = "M-100", commercial: bool = False,
                bought: date | None = None, made: date | None = date(2024, 12, 1)) -> str:  # fmt: skip
        """Register a product of that dealer; returns its serial number."""
        serial = f"SN{self.brand_id:05d}{next(self._serial):04d}"
        with self.as_(self.hq.admin) as session:
            found = session.scalar(text("SELECT id FROM product_models WHERE name = :name"), {"name": model})
            session.add(
                Product(
                    dealer_id=shop.id, serial=serial, model_id=found, made_on=made, bought_on=bought, installed_on=installed,
                    use=Use.COMMERCIAL if commercial else Use.HOME, customer_name="张三丰", customer_phone="13812345678",
                    customer_address="福州市五四路1号",
                )
            )  # fmt: skip
        return serial

    def topup(self, shop: Shop, amount: str, when: str = "2026-10-01 09:00") -> None:
        """Money in, entered by finance."""
        with self.as_(self.hq.finance) as session:
            ledger.enter_topup(
                session, self.hq.finance, dealer_code=shop.code, amount=yuan(amount), received_on=at(when).date(),
                bank_reference=f"BK{next(_count)}-{os.getpid()}", note="", at=at(when),
            )  # fmt: skip

    def balance(self, shop: Shop) -> Decimal:
        """What the dealer has."""
        from portal.ledger import queries

        with self.as_(self.hq.finance) as session:
            return queries.prepayment(session, shop.id).balance

    def photo(self) -> bytes:
        """A photo never used before."""
        return picture(next(self._photo))

    # -- stories told through the real actions --

    def submitted_order(self, shop: Shop, lines: dict[str, int] | None = None, *, when: str = "2026-10-05 09:00", purpose: str = "stock",
                        serial: str | None = None) -> str:  # fmt: skip
        """A submitted order's number. ``lines``: part number → quantity."""
        from portal.orders import actions
        from portal.orders.models import Purpose
        from portal.orders.rules import LineWish

        wishes = [
            LineWish(number, quantity, Purpose(purpose), serial) for number, quantity in (lines or {"P1": 4}).items()
        ]
        with self.as_(shop.manager) as session:
            order = actions.draft(
                session, shop.manager, lines=wishes, note="", ship_to="福州市建材大道306号", at=at(when)
            )
            return str(actions.submit(session, shop.manager, order.public_id, at=at(when)).number)

    def quoted_order(self, shop: Shop, lines: dict[str, int] | None = None, *, when: str = "2026-10-05 10:00", freight: str = "10.00",
                     purpose: str = "stock", serial: str | None = None) -> str:  # fmt: skip
        """Quoted in full at list price, to ship the day after."""
        from portal.orders import actions, queries
        from portal.orders.rules import QuoteWish

        number = self.submitted_order(shop, lines, when=when, purpose=purpose, serial=serial)
        with self.as_(self.hq.clerk) as session:
            order = queries.order(session, number)
            wishes = [QuoteWish(line.position, line.quantity) for line in order.lines]
            actions.quote(
                session,
                self.hq.clerk,
                number,
                lines=wishes,
                freight=yuan(freight),
                ship_on=at(when).date(),
                note="",
                at=at(when),
            )
        return number

    def agreed_order(
        self, shop: Shop, lines: dict[str, int] | None = None, *, when: str = "2026-10-05 11:00", **how: str | None
    ) -> str:
        """Agreed by the dealer's manager."""
        from portal.orders import actions

        number = self.quoted_order(shop, lines, when=when, **how)  # type: ignore[arg-type]
        with self.as_(shop.manager) as session:
            actions.agree(session, shop.manager, number, quote_no=1, at=at(when))
        return number

    def debited_order(
        self, shop: Shop, lines: dict[str, int] | None = None, *, when: str = "2026-10-05 12:00", **how: str | None
    ) -> str:
        """Debited by finance."""
        from portal.orders import actions

        number = self.agreed_order(shop, lines, when=when, **how)
        with self.as_(self.hq.finance) as session:
            actions.debit(session, self.hq.finance, number, at=at(when))
        return number

    def shipped_order(
        self, shop: Shop, lines: dict[str, int] | None = None, *, when: str = "2026-10-06 09:00", **how: str | None
    ) -> tuple[str, str]:
        """Shipped whole in one parcel: (order number, shipment number)."""
        from portal.orders import actions, queries

        number = self.debited_order(shop, lines, when=when, **how)
        with self.as_(self.hq.warehouse) as session:
            pieces = {line.position: line.quantity for line in queries.order(session, number).lines}
            shipment = actions.ship(
                session, self.hq.warehouse, number, pieces=pieces, carrier="德邦", tracking="DPK1", at=at(when)
            )
            return number, shipment.number

    def received_order(
        self, shop: Shop, lines: dict[str, int] | None = None, *, when: str = "2026-10-07 09:00", **how: str | None
    ) -> str:
        """Received whole and unharmed: its pieces can be used."""
        from portal.orders import actions

        number, shipment = self.shipped_order(shop, lines, when=when, **how)
        with self.as_(shop.clerk) as session:
            from portal.orders import queries

            counts = {line.position: (line.quantity, 0) for line in queries.order(session, number).lines}
            actions.receive(session, shop.clerk, shipment, counts=counts, at=at(when))
        return number

    def registered_old_part(self, shop: Shop, *, part: str = "P1", quantity: int = 1, replaced: str = "2026-10-10", serial: str | None = None,
                            fault: str = "F01", cause: str = "quality", photos: int = 1, when: str | None = None) -> str:  # fmt: skip
        """Registered with photos; the dealer must hold the pieces (see received_order)."""
        from portal.old_parts import actions
        from portal.old_parts.models import Cause

        instant = at(when or f"{replaced} 15:00")
        serial = serial or self.product(shop)
        with self.as_(shop.technician) as session:
            old = actions.register(
                session, shop.technician, serial=serial, part_number=part, fault_code=fault, cause=Cause(cause), quantity=quantity,
                replaced_on=date.fromisoformat(replaced), note="", at=instant,
            )  # fmt: skip
            for _ in range(photos):
                actions.add_photo(session, shop.technician, old.number, data=self.photo(), at=instant)
            return old.number

    def reported_old_part(self, shop: Shop, **how: object) -> str:
        """Reported in time."""
        from portal.old_parts import actions

        number = self.registered_old_part(shop, **how)  # type: ignore[arg-type]
        when = str(how.get("when") or f"{how.get('replaced', '2026-10-10')} 16:00")
        with self.as_(shop.technician) as session:
            actions.report(session, shop.technician, number, at=at(when))
        return number

    def reviewed_old_part(self, shop: Shop, **how: object) -> str:
        """Reviewed by headquarters: 可报销."""
        from portal.old_parts import actions
        from portal.old_parts.models import Review

        number = self.reported_old_part(shop, **how)
        when = str(how.get("when") or f"{how.get('replaced', '2026-10-10')} 17:00")
        with self.as_(self.hq.clerk) as session:
            actions.review(session, self.hq.clerk, number, decision=Review.ACCEPTED, reason="", at=at(when))
        return number

    def submitted_claim(
        self, shop: Shop, old_parts: list[str], *, month: str = "2026-10", when: str = "2026-10-20 09:00"
    ) -> str:
        """A submitted claim's number."""
        from portal.claims import actions
        from portal.core.months import parse

        with self.as_(shop.clerk) as session:
            claim = actions.draft(session, shop.clerk, month=parse(month), note="", at=at(when))
            actions.add_lines(session, shop.clerk, claim.public_id, old_parts=old_parts, at=at(when))
            return str(actions.submit(session, shop.clerk, claim.public_id, at=at(when)).number)

    def approved_claim(self, shop: Shop, old_parts: list[str], *, month: str = "2026-10", when: str = "2026-10-20 09:00",
                       approved: str | None = None) -> str:  # fmt: skip
        """All lines approved in full."""
        from portal.claims import actions

        number = self.submitted_claim(shop, old_parts, month=month, when=when)
        with self.as_(self.hq.clerk) as session:
            actions.approve(
                session, self.hq.clerk, number, positions=list(range(1, len(old_parts) + 1)), at=at(approved or when)
            )
        return number


AT_HEADQUARTERS = (
    ("clerk", "林晓燕", Role.HQ_CLERK), ("manager", "韩建国", Role.HQ_MANAGER), ("warehouse", "沈立", Role.HQ_WAREHOUSE),
    ("finance", "何敏", Role.HQ_FINANCE), ("finance2", "吴琴", Role.HQ_FINANCE), ("finance_manager", "郑国强", Role.HQ_FINANCE_MANAGER),
    ("admin", "管理员", Role.HQ_ADMIN), ("auditor", "稽核", Role.HQ_AUDITOR),
)  # fmt: skip
AT_A_DEALER = (("clerk", Role.DEALER_CLERK), ("tech", Role.DEALER_TECHNICIAN), ("boss", Role.DEALER_MANAGER))


def make_world(*, zone: str = "Asia/Shanghai", opening: str = "1000.00", limit: str = "0.00") -> World:
    """A fresh brand. Its dealers D001 and D002 start with ``opening`` yuan and a credit limit of ``limit``."""
    mark = f"b{os.getpid()}x{next(_count)}"
    born = at("2026-06-01 08:00")
    with db.engine.begin() as connection:
        connection.execute(
            text("SELECT brand_create(:code, :name, :en, :zone, '400-000-0000', :at)"),
            {"code": mark, "name": f"品牌{mark}", "en": f"Brand {mark}", "zone": zone, "at": born},
        )
    info = identity_queries.brand_by_code(db.engine, mark)
    system = identity_queries.system_actor(info)
    dealers: dict[str, int] = {}
    parts: dict[str, int] = {}
    with unit_of_work(system.scope) as session:
        for code, name, city in (("D001", "福州恒达", "福州"), ("D002", "厦门永兴", "厦门")):
            dealer = Dealer(
                code=code,
                name=f"{name}{mark}",
                city=city,
                contact="周先生",
                phone="0591-7980014",
                address=f"{city}市建材大道1号",
                created_at=born,
            )
            session.add(dealer)
            session.flush()
            dealers[code] = dealer.id
            ledger.open_account(session, system, dealer, credit_limit=yuan(limit), opening=yuan(opening), at=born)
        category = Category(name="坐便器")
        other = Category(name="面盆龙头")
        session.add_all([category, other])
        session.flush()
        models = [ProductModel(name="M-100", category_id=category.id), ProductModel(name="M-200", category_id=other.id)]
        session.add_all(models)
        prices = PriceList(
            version="202607",
            title="零部件价格表",
            from_day=date(2026, 7, 1),
            to_day=None,
            loaded_at=born,
            loaded_by="system",
        )
        session.add(prices)
        session.flush()
        table = (
            ("P1", "进水阀", "阀类", "12.50", "30.00", True, "jsf", "jinshuifa"),
            ("P2", "排水阀", "阀类", "100.00", "186.00", False, "psf", "paishuifa"),
            ("P3", "密封圈", "易耗件", "7.80", "18.00", False, "mfq", "mifengquan"),
        )
        for number, name, group, dealer_price, out_price, must_return, initials, pinyin in table:
            part = Part(number=number, name=name, spec="静音", part_group=group, unit="只", category_id=category.id, must_return=must_return,
                        initials=initials, pinyin=pinyin)  # fmt: skip
            session.add(part)
            session.flush()
            parts[number] = part.id
            session.add(PartModel(part_id=part.id, model_id=models[0].id))
            session.add(
                Price(list_id=prices.id, part_id=part.id, dealer_price=yuan(dealer_price), out_price=yuan(out_price))
            )
        policy = WarrantyPolicy(
            version="202607", from_day=date(2026, 1, 1), to_day=None, loaded_at=born, loaded_by="system"
        )
        session.add(policy)
        session.add_all([FaultCode(code="F01", name="不停进水", category_id=category.id), FaultCode(code="F02", name="滴漏", category_id=other.id),
                         FaultCode(code="Z99", name="其他", category_id=None)])  # fmt: skip
        session.flush()
        for number, (where, group, home, commercial) in enumerate(
            ((category, None, 36, 12), (category, "阀类", 60, 12), (category, "易耗件", 0, 0), (other, None, 36, 12)),
            start=1,
        ):
            session.add(
                PolicyLine(
                    policy_id=policy.id,
                    line_no=number,
                    category_id=where.id,
                    part_group=group,
                    home_months=home,
                    commercial_months=commercial,
                    basis=Basis.INSTALLED,
                )
            )

    who = _people(info, system, dealers, born)
    people = People(system=system, **{seat: who[name] for seat, name, _role in AT_HEADQUARTERS})
    shops = [
        Shop(id_, code, who[f"{code}clerk"], who[f"{code}tech"], who[f"{code}boss"]) for code, id_ in dealers.items()
    ]
    return World(mark, info.id, people, shops[0], shops[1], parts)


def _people(
    info: identity_queries.BrandInfo, system: Actor, dealers: dict[str, int], born: datetime
) -> dict[str, Actor]:
    """Somebody in every seat, by name: all logins in one transaction, all members in another."""
    seats: list[tuple[str, Role, int | None]] = [(name, role, None) for _seat, name, role in AT_HEADQUARTERS]
    seats += [(f"{code}{name}", role, dealer) for code, dealer in dealers.items() for name, role in AT_A_DEALER]
    names = [name for name, _role, _dealer in seats]
    with db.engine.begin() as connection:
        made = connection.execute(
            text("SELECT login_create(login, 'no password', :at) FROM unnest(CAST(:logins AS text[])) WITH ORDINALITY u(login, n) ORDER BY n"),
            {"at": born, "logins": [f"{name}-{info.code}" for name in names]},
        ).scalars().all()  # fmt: skip
    with unit_of_work(system.scope) as session:
        for login_id, (name, role, dealer) in zip(made, seats, strict=True):
            identity.add_member(
                session, system, login_id=login_id, login=f"{name}-{info.code}", name=name, roles=[role.value],
                dealer_id=dealer, at=born,
            )  # fmt: skip
    with db.engine.begin() as connection:
        return {
            name: identity_queries.places(connection, login_id)[0].actor(login_id, address="127.0.0.1")
            for name, login_id in zip(names, made, strict=True)
        }
