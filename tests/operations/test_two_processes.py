"""Two app processes behind nginx on one PostgreSQL: whatever a step leaves, the next one finds on the other (issue 3, 7; UP6, OP4).

nginx takes turns, so that each request of a person lands on the other process than the one before.
"""

from __future__ import annotations

import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from portal.core.db import db, unit_of_work
from portal.identity import actions as identity
from portal.identity.passwords import hashed
from portal.identity.roles import Role
from tests.factories.world import World, at, make_world, picture
from tests.operations import through
from tests.operations.through import Person, Stand
from tests.orders.looking import line

pytestmark = pytest.mark.skipif(
    through.NGINX is None or through.OPENSSL is None, reason="nginx or openssl is not there"
)

PASSWORD = "four plain words together"
CLOCK = "2026-10-15T10:00:00+08:00"
SLOW = 60  # connections; of so many gunicorn alone dies (reliability.md UP6)


@pytest.fixture(scope="module")
def told(app) -> World:
    return make_world()


@pytest.fixture(scope="module")
def stand(settings, told: World, tmp_path_factory) -> Iterator[Stand]:
    with through.standing(settings, tmp_path_factory.mktemp("two"), clock=CLOCK) as stand:
        yield stand


def joined(world: World, name: str, role: Role, dealer_id: int | None = None) -> str:
    """Somebody with a password; the login."""
    login = f"{name}-{world.code}".lower()
    system = world.hq.system
    login_id = identity.create_login(db.engine, login, hashed(PASSWORD), at=at("2026-10-01 09:00"))
    with unit_of_work(system.scope) as session:
        identity.add_member(
            session, system, login_id=login_id, login=login, name=name, roles=[role.value], dealer_id=dealer_id,
            at=at("2026-10-01 09:00"),
        )  # fmt: skip
    return login


def signed_in(stand: Stand, login: str) -> Person:
    person = stand.person()
    assert person.sign_in(login, PASSWORD).status == 303
    assert person.get("/").status == 200
    return person


@pytest.fixture(scope="module")
def clerk(stand: Stand, told: World) -> Person:
    return signed_in(stand, joined(told, "clerk2", Role.DEALER_CLERK, told.d1.id))


def turns(person: Person) -> None:
    """Both processes answered, never the same twice in a row."""
    assert len(set(person.answered_by)) == 2
    assert all(one != other for one, other in zip(person.answered_by, person.answered_by[1:], strict=False))


def test_a_whole_application_lands_on_alternating_processes(stand, told):
    """Sign-in, its session and CSRF token, a saved draft, its version and number: nothing of it is one process's own."""
    person = signed_in(stand, joined(told, "clerk1", Role.DEALER_CLERK, told.d1.id))
    assert person.get("/orders/new").status == 200
    saved = person.post("/orders/new", **text(line(0, "P1", 4)), act="save", ship_to="福州", note="")
    assert saved.status == 303
    page = person.get(through.path_of(saved))
    seen = re.search(r'name="seen"[^>]*value="(\d+)"', page.text)
    assert seen is not None
    sent = person.post(
        through.path_of(saved), **text(line(0, "P1", 6)), seen=seen[1], act="submit", ship_to="福州", note=""
    )
    assert (sent.status, through.path_of(sent)) == (303, "/orders/PO2610-0001")
    assert "PO2610-0001" in person.get("/orders/PO2610-0001").text
    turns(person)


def text(fields: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items()}


def test_a_photo_sent_to_one_is_seen_on_the_other(stand, told):
    told.received_order(told.d1, {"P1": 1})
    number = told.registered_old_part(told.d1, photos=0)
    person = signed_in(stand, joined(told, "technician2", Role.DEALER_TECHNICIAN, told.d1.id))
    page = person.get(f"/old-parts/{number}/photos")
    assert page.status == 200
    sent = person.send_file(f"/old-parts/{number}/photos", "photo", picture(7), kind="nameplate")
    assert sent.status in {200, 303}
    page = person.get(f"/old-parts/{number}/photos")
    shown = re.search(r'"(/photos/[a-zA-Z0-9]+\.jpg)', page.text)
    assert shown is not None
    by = {}
    for _ in range(2):
        photo = person.get(shown[1])
        by[photo.by] = photo.body[:3]
    assert list(by.values()) == [b"\xff\xd8\xff"] * 2
    assert len(by) == 2
    turns(person)


def test_signed_out_on_one_is_signed_out_on_both(stand, told):
    person = signed_in(stand, joined(told, "auditor2", Role.HQ_AUDITOR))
    kept = dict(person.cookies)
    person.get("/members")
    assert person.post("/sign-out").status == 303
    thief = Person(stand.port, cookies=kept)
    answers = [thief.get("/orders") for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    assert {through.path_of(answer) for answer in answers} == {"/sign-in"}
    turns(thief)


def test_a_term_set_on_one_holds_on_the_other(stand, told):
    person = signed_in(stand, joined(told, "manager2", Role.HQ_MANAGER))
    assert person.get("/terms/claims.late-days").status == 200
    changed = person.post("/terms/claims.late-days", value="47", from_day="2026-11-01")
    assert changed.status == 303
    pages = [person.get("/terms/claims.late-days") for _ in range(2)]
    assert all("47" in page.text for page in pages)
    assert len({page.by for page in pages}) == 2


def test_a_form_sent_to_both_at_once_acts_once(stand, told, clerk):
    """The form's one-time key stands in the database (CO6)."""
    page = clerk.get("/orders/new")
    key = re.search(r'name="form_key" value="([^"]+)"', page.text)
    assert key is not None
    said = {**text(line(0, "P2", 1)), "act": "submit", "ship_to": "x", "note": "", "form_key": key[1]}
    twins = [Person(stand.port, dict(clerk.cookies), clerk.token) for _ in range(2)]
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda twin=twin: got.append(through.path_of(twin.post("/orders/new", **said))))
        for twin in twins
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 2
    assert len(set(got)) == 1
    assert {one.answered_by[0] for one in twins} == {f"127.0.0.1:{app.port}" for app in stand.apps}


def test_files_that_never_change_come_from_nginx_itself(stand):
    person = stand.person()
    answer = person.get("/static/portal.css?v=1")
    assert (answer.status, answer.by, answer.headers["Cache-Control"]) == (
        200,
        "",
        "public, max-age=31536000, immutable",
    )
    assert person.get("/static/portal.css").headers["Cache-Control"] == "public, max-age=300"
    assert person.get("/static/../core/settings.py").status in {400, 404}
    assert person.get("/static/nothing.css").status == 404


def test_the_readers_own_address_is_recorded_and_none_that_it_claims(stand, told, clerk):
    from sqlalchemy import text as sql

    clerk.get("/orders/new")
    claimed = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    body = urlencode({"csrf_token": clerk.token, **text(line(0, "P1", 1)), "act": "submit", "ship_to": "x", "note": ""})
    sent = clerk.ask("POST", "/orders/new", body.encode(), "application/x-www-form-urlencoded", **claimed)
    assert sent.status == 303
    number = through.path_of(sent).rpartition("/")[2]
    with told.as_(told.hq.auditor) as session:
        found = session.scalars(
            sql("SELECT DISTINCT address FROM audit_events WHERE subject_number = :number"), {"number": number}
        ).all()
    assert found == ["127.0.0.1"]


def test_UP2_a_body_over_the_limit_is_refused_before_the_portal_reads_it(stand, clerk):
    answer = clerk.ask("POST", "/orders/new", b"x" * (25 * 1024 * 1024), "application/octet-stream")
    assert (answer.status, answer.by) == (413, "")


def test_AP7_another_name_and_a_giant_header_get_nothing(stand):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", stand.port), 10) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="evil.example.com")
    assert stand.person().ask("GET", "/", **{"X-Long": "x" * 60_000}).status == 400


def test_UP6_sixty_slow_clients_keep_nobody_waiting(stand, clerk):
    """Half of them stop within their headers, half within a body; pages come as before, from both processes."""
    slow = []
    try:
        for count in range(SLOW):
            client = through.connect(stand.port)
            slow.append(client)
            if count % 2:
                client.sendall(
                    b"POST /orders/new HTTP/1.1\r\nHost: portal.example.com\r\nContent-Length: 100000\r\n\r\nx="
                )
            else:
                client.sendall(b"GET / HTTP/1.1\r\nHost: portal.example.com\r\nX-Slow: ")
        began = time.monotonic()
        answers = [clerk.get("/orders") for _ in range(10)]
        took = time.monotonic() - began
    finally:
        for client in slow:
            client.close()
    assert [answer.status for answer in answers] == [200] * 10
    assert len({answer.by for answer in answers}) == 2
    assert took < 45  # without nginx each of them holds a thread until the time-out of 60 s


def test_UP6_control_without_nginx_as_many_slow_clients_as_threads_stop_a_process(stand):
    app = stand.apps[0].port
    slow = [socket.create_connection(("127.0.0.1", app), 10) for _ in range(12)]
    try:
        for client in slow:
            client.sendall(b"POST /sign-in HTTP/1.1\r\nHost: portal.example.com\r\nContent-Length: 100000\r\n\r\nx=")
        with socket.create_connection(("127.0.0.1", app), 10) as late:
            late.settimeout(3)
            late.sendall(b"GET /healthz HTTP/1.1\r\nHost: portal.example.com\r\n\r\n")
            with pytest.raises(TimeoutError):
                late.recv(100)
    finally:
        for client in slow:
            client.close()


def test_OP4_killed_or_ended_the_other_serves_on_and_nothing_acknowledged_is_lost(settings, told, tmp_path):
    """One process dies by kill -9 under traffic, comes back; then SIGTERM: it ends by itself, in time, with code 0."""
    login = joined(told, "clerk3", Role.DEALER_CLERK, told.d1.id)
    with through.standing(settings, tmp_path, clock=CLOCK) as stand:
        person = signed_in(stand, login)
        person.get("/orders/new")
        done: list[str] = []
        lost: list[int] = []
        stop = threading.Event()

        def go_on() -> None:
            mine = Person(stand.port, dict(person.cookies), person.token)
            while not stop.is_set():
                try:
                    answer = mine.post("/orders/new", **text(line(0, "P1", 1)), act="submit", ship_to="x", note="")
                except OSError:  # cut off: not acknowledged
                    continue
                if answer.status == 303:
                    done.append(through.path_of(answer).rpartition("/")[2])
                elif answer.status != 502:  # 502: it was in that process's hands; the person is told and looks
                    lost.append(answer.status)

        threads = [threading.Thread(target=go_on) for _ in range(3)]
        for thread in threads:
            thread.start()
        reached(done, 5)
        stand.apps[0].stop(signal.SIGKILL)
        reached(done, len(done) + 5)
        began = time.monotonic()
        assert stand.apps[1].stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 30
        stop.set()
        for thread in threads:
            thread.join()
    with told.as_(told.hq.auditor) as session:
        from sqlalchemy import text as sql

        there = set(session.scalars(sql("SELECT number FROM orders WHERE number IS NOT NULL")))
    assert set(done) <= there
    assert len(done) == len(set(done))
    assert lost == []


def reached(done: list[str], count: int) -> None:
    end = time.monotonic() + 60
    while len(done) < count:
        assert time.monotonic() < end
        threading.Event().wait(0.02)
