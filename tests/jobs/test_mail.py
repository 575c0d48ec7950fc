"""Mails leave once their act is committed, by SMTP or nowhere; what cannot leave is tried again, then failed and seen."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.core import clock, outbox
from portal.core.outbox import OutboxMessage, OutboxState
from portal.core.permissions import Permission as P
from portal.core.settings import Settings, SettingsError
from portal.identity.models import Member
from portal.notices import actions, jobs, mail
from tests.factories.world import World, at, yuan


@dataclass
class Post:
    """What a small mail server was given, and how it answers: by recipient, else 250."""

    port: int = 0
    mails: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


class Talk(socketserver.StreamRequestHandler):
    """One connection, as much of RFC 5321 as smtplib speaks."""

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        post: Post = self.server.post  # type: ignore[attr-defined]
        self.say("220 here")
        sender, to = "", ""
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self.say("354 go on")
                raw = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    raw += part[1:] if part.startswith(b"..") else part
                post.mails.append((sender, to, message_from_bytes(raw, policy=default)))  # type: ignore[arg-type]
                if post.hang_up:  # after it has taken the mail, before it says so
                    return
                self.say("250 taken")
            elif verb == "MAIL":
                sender = line
                self.say("250 ok")
            elif verb == "RCPT":
                to = line.partition("<")[2].rstrip(">")
                self.say(post.answers.get(to, "250 ok"))
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture
def post() -> Iterator[Post]:
    found = Post()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        server.daemon_threads = True
        server.post = found  # type: ignore[attr-defined]
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def own_outbox(app: Flask) -> Iterator[None]:
    """Everything that other tests left is sent nowhere; the way out is as before afterwards."""
    before = app.extensions["portal-mail"]
    while jobs.send_mail():
        pass
    yield
    app.extensions["portal-mail"] = before


def by_smtp(app: Flask, settings: Settings, post: Post, **changes: str) -> None:
    mail.init_mail(
        app,
        replace(settings, mail_url=f"smtp://127.0.0.1:{post.port}", mail_from="门户 <portal@example.com>", **changes),
    )


def write(
    world: World,
    to: str = "boss@example.com",
    *,
    template: str = "order-short",
    secret: str | None = None,
    locale: str = "zh_Hans_CN",
) -> None:
    with world.as_(world.hq.system) as session:
        outbox.add(
            session, template=template, to=to, at=at("2026-10-05 09:00"), secret=secret, dealer_id=world.d1.id, locale=locale,
            facts={"number": "PO2610-0007", "total": yuan("2010.00"), "missing": yuan("1010.00")},
        )  # fmt: skip


def written(world: World) -> list[OutboxMessage]:
    with world.as_(world.hq.admin) as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def try_now(world: World) -> None:
    """The wait is over."""
    with world.as_(world.hq.system) as session:
        session.execute(update(OutboxMessage).values(not_before=None).execution_options(synchronize_session=False))


def test_a_mail_is_sent_by_smtp_once_in_chinese_with_its_link(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    by_smtp(app, settings, post)
    write(world)
    assert jobs.send_mail() == 1
    assert jobs.send_mail() == 0
    ((sender, to, got),) = post.mails
    assert sender.upper().startswith("MAIL FROM:<PORTAL@EXAMPLE.COM>")
    assert to == "boss@example.com"
    assert (got["To"], got["From"], got["Auto-Submitted"]) == (
        "boss@example.com",
        "门户 <portal@example.com>",
        "auto-generated",
    )
    assert got["Subject"] == "订单 PO2610-0007 待扣款：账户尚缺 ¥1,010.00"
    body = got.get_content()
    assert "¥2,010.00" in body
    assert "http://localhost/orders/PO2610-0007" in body
    (row,) = written(world)
    assert (row.state, row.tries, row.error) == (OutboxState.SENT, 1, None)


def test_a_mail_in_english_reads_english(app: Flask, settings: Settings, world: World, post: Post) -> None:
    by_smtp(app, settings, post)
    write(world, locale="en")
    jobs.send_mail()
    assert post.mails[0][2]["Subject"] == "Order PO2610-0007 waits: the account is short of ¥1,010.00"


def test_a_mail_of_an_act_rolled_back_is_never_sent(app: Flask, settings: Settings, world: World, post: Post) -> None:
    by_smtp(app, settings, post)
    with pytest.raises(RuntimeError), world.as_(world.hq.system) as session:
        outbox.add(session, template="order-short", to="boss@example.com", at=at("2026-10-05 09:00"), facts={})
        raise RuntimeError
    assert jobs.send_mail() == 0
    assert post.mails == []


def test_JO1_a_mail_taken_by_the_server_before_the_worker_could_say_so_is_the_same_mail_again(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    by_smtp(app, settings, post)
    write(world)
    post.hang_up = True
    assert jobs.send_mail() == 0
    (row,) = written(world)
    assert (row.state, row.tries) == (OutboxState.WAITING, 1)
    assert row.not_before is not None
    wait = row.not_before - clock.machine_now()
    assert timedelta(seconds=30) < wait <= timedelta(seconds=60)
    assert jobs.send_mail() == 0  # not yet
    post.hang_up = False
    try_now(world)
    assert jobs.send_mail() == 1
    first, second = (got["Message-ID"] for _sender, _to, got in post.mails)
    assert first == second == f"<{world.brand_id}.{row.id}.{int(at('2026-10-05 09:00').timestamp())}@example.com>"


def test_a_refused_address_fails_at_once_and_holds_back_no_other_and_not_now_is_tried_again(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    by_smtp(app, settings, post)
    post.answers = {"gone@example.com": "550 no such box", "full@example.com": "452 full"}
    for to in ("gone@example.com", "full@example.com", "boss@example.com"):
        write(world, to)
    assert jobs.send_mail() == 1
    assert [(row.recipient, row.state.value, row.tries) for row in written(world)] == [
        ("gone@example.com", "failed", 1), ("full@example.com", "waiting", 1), ("boss@example.com", "sent", 1),
    ]  # fmt: skip
    assert "no such box" in str(written(world)[0].error)


def test_JO2_without_a_server_a_mail_is_tried_twelve_times_then_failed_and_can_be_sent_again(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    mail.init_mail(app, replace(settings, mail_url="smtp://127.0.0.1:9"))  # the discard port: nobody listens
    write(world)
    waits: list[datetime] = []
    for _try in range(12):
        assert jobs.send_mail() == 0
        (row,) = written(world)
        waits.append(row.not_before or clock.machine_now())
        try_now(world)
    (row,) = written(world)
    assert (row.state, row.tries) == (OutboxState.FAILED, 12)
    by_smtp(app, settings, post)
    assert jobs.send_mail() == 0
    with world.as_(world.hq.admin) as session:
        actions.send_again(session, world.hq.admin, row.id, at=at("2026-10-06 09:00"))
    assert jobs.send_mail() == 1
    assert [row.state.value for row in written(world)] == ["sent"]


def test_a_secret_is_blanked_with_the_sending_and_not_before(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    by_smtp(app, settings, post)
    write(world, "full@example.com", secret="https://portal.example.com/reset/SECRET")
    post.answers = {"full@example.com": "452 full"}
    jobs.send_mail()
    assert written(world)[0].secret == "https://portal.example.com/reset/SECRET"
    post.answers = {}
    try_now(world)
    jobs.send_mail()
    assert written(world)[0].secret is None


def test_on_a_developers_machine_nothing_is_sent_and_the_link_stays(
    app: Flask, settings: Settings, world: World
) -> None:
    mail.init_mail(app, replace(settings, environment="development"))
    write(world, secret="https://127.0.0.1/reset/SECRET")
    assert jobs.send_mail() == 1
    (row,) = written(world)
    assert (row.state, row.secret) == (OutboxState.SENT, "https://127.0.0.1/reset/SECRET")


def test_a_mail_that_lacks_a_fact_fails_and_nobody_gets_half_of_it(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    by_smtp(app, settings, post)
    with world.as_(world.hq.system) as session:
        outbox.add(
            session, template="order-short", to="boss@example.com", at=at("2026-10-05 09:00"), facts={"number": "PO1"}
        )
        outbox.add(session, template="no-such-template", to="boss@example.com", at=at("2026-10-05 09:00"), facts={})
    write(world)
    assert jobs.send_mail() == 1
    assert [row.state.value for row in written(world)] == ["failed", "failed", "sent"]
    assert len(post.mails) == 1


def test_a_fact_cannot_add_a_line_to_the_head_of_a_mail(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    by_smtp(app, settings, post)
    with world.as_(world.hq.system) as session:
        outbox.add(
            session, template="order-short", to="boss@example.com", at=at("2026-10-05 09:00"),
            facts={"number": "PO1\r\nBcc: thief@example.com", "total": yuan(1), "missing": yuan(1)},
        )  # fmt: skip
    jobs.send_mail()
    assert all(got["Bcc"] is None and to == "boss@example.com" for _sender, to, got in post.mails)


@pytest.mark.parametrize("url", ["http://mail.example.com", "smtp://@", "smtp://host:port", "mail.example.com"])
def test_an_address_of_no_mail_server_is_refused_without_repeating_it(app: Flask, settings: Settings, url: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_MAIL_URL is no address of a mail server") as refused:
        mail.init_mail(app, replace(settings, mail_url=url))
    assert url not in str(refused.value)


def test_a_password_is_not_sent_to_a_server_without_encryption(
    app: Flask, settings: Settings, world: World, post: Post
) -> None:
    mail.init_mail(app, replace(settings, mail_url=f"smtp://portal:pass@127.0.0.1:{post.port}"))
    write(world)
    assert jobs.send_mail() == 0
    assert "no encryption" in str(written(world)[0].error)
    assert post.mails == []


def test_a_worker_without_a_way_out_says_which_setting_is_missing(app: Flask, settings: Settings) -> None:
    mail.init_mail(app, replace(settings, mail_url=""))
    with pytest.raises(SettingsError, match="PORTAL_MAIL_URL is not set"):
        mail.sender()


# ---------------------------------------------------------------- who is told


def address(world: World, member: int, email: str | None) -> None:
    with world.as_(world.hq.system) as session:
        session.scalars(select(Member).where(Member.id == member)).one().email = email


def test_who_is_told_holds_the_permission_gave_an_address_and_belongs_there(app: Flask, world: World) -> None:
    for person, email in (
        (world.d1.manager, "manager1@example.com"), (world.d1.clerk, "clerk1@example.com"), (world.d1.technician, None),
        (world.d2.manager, "manager2@example.com"), (world.hq.finance, "finance@example.com"),
    ):  # fmt: skip
        address(world, person.scope.member_id, email)
    facts = {"number": "PO1", "total": yuan(1), "missing": yuan(1)}

    def told(permission: P, dealer: int | None) -> list[str]:
        before = {row.id for row in written(world)}
        with world.as_(world.hq.system) as session:
            actions.tell(
                session, "order-short", permission=permission, dealer_id=dealer, facts=facts, at=at("2026-10-05 09:00")
            )
        return [row.recipient for row in written(world) if row.id not in before]

    assert told(P.ORDER_AGREE, world.d1.id) == ["manager1@example.com"]
    assert told(P.ORDER_READ, world.d1.id) == ["clerk1@example.com", "manager1@example.com"]
    assert told(P.SETTLEMENT_CHECK, None) == ["finance@example.com"]
    assert told(P.SETTLEMENT_POST, None) == []
    with world.as_(world.hq.system) as session:
        session.scalars(select(Member).where(Member.id == world.d1.manager.scope.member_id)).one().left_at = at(
            "2026-10-06 09:00"
        )
    assert told(P.ORDER_AGREE, world.d1.id) == []


def test_each_dealer_gets_its_own_facts(app: Flask, world: World) -> None:
    address(world, world.d1.manager.scope.member_id, "manager1@example.com")
    address(world, world.d2.manager.scope.member_id, "manager2@example.com")
    with world.as_(world.hq.system) as session:
        told = actions.tell_each(
            session, "order-short", permission=P.ORDER_AGREE, at=at("2026-10-05 09:00"),
            facts={dealer: {"number": f"PO{dealer}", "total": yuan(1), "missing": yuan(1)} for dealer in (world.d1.id, world.d2.id)},
        )  # fmt: skip
    assert told == 2
    assert {(row.recipient, row.dealer_id, row.facts["number"]) for row in written(world)} == {
        ("manager1@example.com", world.d1.id, f"PO{world.d1.id}"), ("manager2@example.com", world.d2.id, f"PO{world.d2.id}"),
    }  # fmt: skip


def test_every_act_that_people_wait_for_tells_them(app: Flask, world: World) -> None:
    """From the order to the decided claim, each mail readable in both languages."""
    from portal.fees import actions as fees
    from portal.fees.rules import FeeWish

    with world.as_(world.hq.system) as session:
        for member in session.scalars(select(Member)):
            member.email = f"{member.login}@example.com"
    world.topup(world.d1, "500.00")
    world.received_order(world.d1, {"P1": 4})
    world.approved_claim(world.d1, [world.reviewed_old_part(world.d1)])
    for step in ("approve", "send_back", "refuse"):
        with world.as_(world.d1.manager) as session:
            draft = fees.draft(
                session, world.d1.manager, region=f"福州{step}", from_day=at("2026-12-01 00:00").date(), note="",
                items=[FeeWish("上门费", "次", yuan("50.00"), "")], at=at("2026-10-20 09:00"),
            )  # fmt: skip
            number = str(fees.submit(session, world.d1.manager, draft.public_id, at=at("2026-10-20 10:00")).number)
        with world.as_(world.hq.manager) as session:
            how = {} if step == "approve" else {"reason": "太高"}
            getattr(fees, step)(session, world.hq.manager, number, at=at("2026-10-20 11:00"), **how)
    rows = written(world)
    assert {row.template for row in rows} == {
        "topup-entered", "order-quoted", "order-shipped", "claim-decided", "fee-approved", "fee-sent-back", "fee-refused",
    }  # fmt: skip
    assert {row.dealer_id for row in rows} == {world.d1.id}
    names = {"zh_Hans_CN": "澜泉", "en": "Lanquan"}
    for row in rows:
        for locale in names:
            row.locale = locale
            said = mail.words(row, brand=names)
            assert said.subject, row.template
            assert "http://localhost/" in said.body, row.template
            assert "None" not in said.subject + said.body, row.template
