"""One press of a button: it happens whole and is said, or it leaves no trace and says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, g, get_flashed_messages, request
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from portal.core import clock
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.web.acts import at, came_from, local, perform
from tests.factories.world import World, make_world
from tests.factories.world import at as instant


@pytest.fixture(scope="module")
def home(app) -> World:
    return make_world()


@contextmanager
def pressed(app: Flask, actor: Actor, *, referrer: str | None = None) -> Iterator[None]:
    """A request of that actor's, with a flask.g of its own."""
    headers = {} if referrer is None else {"Referer": referrer}
    with app.app_context(), app.test_request_context("/orders", method="POST", headers=headers):
        g.actor = actor
        yield


def rename(session, actor, when) -> str:
    session.execute(
        text("UPDATE dealers SET contact = :name WHERE code = 'D001'"), {"name": f"{actor.name} {when:%H:%M}"}
    )
    return "D001"


def contact(world: World) -> str:
    with world.as_(world.hq.auditor) as session:
        return str(session.scalar(text("SELECT contact FROM dealers WHERE code = 'D001'")))


def test_an_act_is_done_said_and_leads_on(app: Flask, home: World) -> None:
    with clock.frozen(instant("2026-10-05 10:00")), pressed(app, home.hq.admin):
        answer = perform(rename, done=lambda code: f"{code} is renamed", to=lambda code: f"/dealers/{code}")
        assert at() == instant("2026-10-05 10:00")
        assert get_flashed_messages(with_categories=True) == [("good", "D001 is renamed")]
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dealers/D001")  # type: ignore[union-attr]
    assert contact(home) == "管理员 02:00"


def test_an_act_without_words_says_nothing(app: Flask, home: World) -> None:
    with pressed(app, home.hq.admin):
        answer = perform(rename, to="/x")
        assert get_flashed_messages() == []
    assert answer.headers["Location"] == "/x"  # type: ignore[union-attr]


@pytest.mark.parametrize(("error", "words"), [(Refused("reason-needed"), "原因"), (StaleDataError(), "改动")])
def test_a_refused_act_leaves_no_trace_and_is_said_where_the_button_stands(
    app: Flask, home: World, error: Exception, words: str
) -> None:
    before = contact(home)

    def act(session, actor, when):
        session.execute(text("UPDATE dealers SET contact = 'half done'"))
        raise error

    with pressed(app, home.hq.admin, referrer="http://localhost/orders/PO1?tab=2"):
        answer = perform(act, done="done", to="/never")
        flashed = get_flashed_messages(with_categories=True)
        stays = perform(act, to="/never", back="/orders/PO2")
    assert answer.headers["Location"] == "/orders/PO1?tab=2"  # type: ignore[union-attr]
    assert stays.headers["Location"] == "/orders/PO2"  # type: ignore[union-attr]
    assert [kind for kind, _ in flashed] == ["bad"]
    assert words in flashed[0][1]
    assert contact(home) == before


def test_a_refused_form_is_shown_again_with_what_was_typed(app: Flask, home: World) -> None:
    def act(session, actor, when):
        raise Refused("reason-needed", field="reason")

    with pressed(app, home.hq.admin):
        answer = perform(act, to="/never", refused=lambda why: (f"again: {why.code} {why.field}", 422))
        assert get_flashed_messages() == []
    assert answer == ("again: reason-needed reason", 422)


def test_CO1_whoever_comes_second_to_one_place_is_told_so_and_no_failure(app: Flask, home: World) -> None:
    """Only what another act took (a unique key); any other broken rule of the database is a mistake of ours and shows."""
    taken = "INSERT INTO dealers (code, name, city, contact, phone, address, created_at) VALUES ('D001', '', '', '', '', '', now())"
    with pressed(app, home.hq.admin):
        answer = perform(lambda session, actor, when: session.execute(text(taken)), to="/never", back="/dealers")
        assert [kind for kind, _ in get_flashed_messages(with_categories=True)] == ["bad"]
    assert answer.headers["Location"] == "/dealers"  # type: ignore[union-attr]
    broken = "INSERT INTO members (login_id, login, name, roles, joined_at) VALUES (0, 'x', 'x', '{}', now())"
    with pressed(app, home.hq.admin), pytest.raises(IntegrityError, match="foreign key"):
        perform(lambda session, actor, when: session.execute(text(broken)), to="/never")


def test_what_is_not_there_is_no_message_but_a_page(app: Flask, home: World) -> None:
    def act(session, actor, when):
        raise NotFound

    with pressed(app, home.hq.admin), pytest.raises(NotFound):
        perform(act, to="/never")


def test_a_page_that_cannot_be_named_takes_the_act_back(app: Flask, home: World) -> None:
    before = contact(home)
    with pressed(app, home.hq.admin), pytest.raises(KeyError):
        perform(
            lambda session, actor, when: session.execute(text("UPDATE dealers SET contact = 'x'")),
            to=lambda _: {}["nowhere"],
        )
    assert contact(home) == before


@pytest.mark.parametrize(
    ("referrer", "where"),
    [
        ("http://localhost/orders?state=quoted", "/orders?state=quoted"), ("http://localhost/", "/"), ("http://localhost", "/"), (None, "/"),
        ("https://evil.example/orders", "/"), ("http://localhost.evil.example/x", "/"), ("http://localhost//evil.example/x", "/"),
        ("http://localhost/\\evil.example", "/"), ("http://evil@localhost/x", "/"), ("nonsense", "/"), ("http://localhost:81/x", "/"),
    ],
)  # fmt: skip
def test_AN4_one_comes_back_to_a_page_of_ours_or_home(
    app: Flask, home: World, referrer: str | None, where: str
) -> None:
    with pressed(app, home.hq.admin, referrer=referrer):
        assert came_from() == where


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/", True), ("/orders?a=1#b", True), ("/a//b", True), ("/订单", True), ("//evil", False), ("/\\evil", False), ("\\/evil", False), ("https://x", False),
        ("", False), (None, False), ("orders", False), ("/\n/x", False), ("/a\tb", False), ("/a\0", False), ("/a\x7f", False), (" /a", False),
    ],
)  # fmt: skip
def test_AN4_IE5_an_address_stays_in_the_portal(address: str | None, kept: bool) -> None:
    assert local(address) == (address if kept else None)


@contextmanager
def sent(app: Flask, actor: Actor, **form: Any) -> Iterator[None]:
    """A request that carries a form."""
    with app.app_context(), app.test_request_context("/orders", method="POST", data=form):
        g.actor = actor
        yield


def add_one(session, actor, when) -> str:
    session.execute(text("UPDATE dealers SET phone = phone || '+' WHERE code = 'D002'"))
    return str(
        session.scalar(text("SELECT length(phone) - length(replace(phone, '+', '')) FROM dealers WHERE code = 'D002'"))
    )


def test_CO1_the_same_form_sent_twice_acts_once_and_shows_the_first_result(app: Flask, home: World) -> None:
    answers = []
    for _press in range(2):
        with sent(app, home.hq.admin, form_key="once-1", amount="5", csrf_token=str(_press)):
            answer = perform(add_one, done=lambda n: f"{n} so far", to=lambda n: f"/n/{n}")
            answers.append((answer.headers["Location"], get_flashed_messages()))  # type: ignore[union-attr]
    assert answers == [("/n/1", ["1 so far"])] * 2


def test_CO1_the_same_page_sent_with_other_words_is_another_act(app: Flask, home: World) -> None:
    places = []
    for amount in ("5", "6"):
        with sent(app, home.hq.manager, form_key="once-2", amount=amount):
            places.append(perform(add_one, to=lambda n: f"/n/{n}").headers["Location"])  # type: ignore[union-attr]
    assert places[0] != places[1]


def test_CO1_another_file_of_the_same_name_is_another_act_though_the_view_has_read_it(app: Flask, home: World) -> None:
    places = []
    for photo in (b"one", b"two", b"two"):
        with sent(app, home.hq.manager, form_key="once-4", photo=(BytesIO(photo), "photo.jpg")):
            assert request.files["photo"].read() == photo
            places.append(perform(add_one, to=lambda n: f"/n/{n}").headers["Location"])  # type: ignore[union-attr]
    assert places[0] != places[1]
    assert places[1] == places[2]


def test_CO1_a_refused_form_may_be_sent_again_as_it_is(app: Flask, home: World) -> None:
    def refuse(session, actor, when):
        raise Refused("reason-needed")

    with sent(app, home.hq.finance, form_key="once-3"):
        perform(refuse, to="/never")
    with sent(app, home.hq.finance, form_key="once-3"):
        assert perform(add_one, to="/done").headers["Location"] == "/done"  # type: ignore[union-attr]


def test_CO1_every_form_of_a_page_carries_a_key_of_its_own(client_as, home: World) -> None:
    import re

    page = client_as(home.d1.clerk).get("/orders/new").get_data(as_text=True)
    keys = re.findall(r'name="form_key" value="([^"]{16,})"', page)
    assert len(keys) == page.count('name="csrf_token"') > 0
    assert len(set(keys)) == len(keys)
