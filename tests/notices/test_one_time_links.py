"""A mail with a one-time link leaves while the link lives, or not at all; its secret stays in the outbox no longer than that (AN4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from portal.core import clock, outbox
from portal.core.db import db, unit_of_work
from portal.core.errors import Refused
from portal.core.outbox import OutboxMessage
from portal.core.settings import Settings
from portal.identity import actions as identity
from portal.identity import queries
from portal.identity.roles import Role
from portal.notices import actions, jobs, mail
from tests.factories.world import World, make_world
from tests.identity.inviting import AT, address, invited, link_to
from tests.identity.people import by_force, mails, person

NOBODY_LISTENS = "smtp://127.0.0.1:9"


@pytest.fixture(autouse=True)
def own_outbox(app: Flask) -> Iterator[None]:
    """What other tests left is gone; the way out is as before afterwards."""
    before = app.extensions["portal-mail"]
    while jobs.send_mail():
        pass
    yield
    app.extensions["portal-mail"] = before


def only(world: World, to: str) -> OutboxMessage:
    (found,) = mails(world, to)
    return found


def asked_for_reset(world: World, to: str) -> None:
    person(world, Role.HQ_CLERK, email=to)
    (found,) = queries.logins_to_reset(db.engine, to)
    with unit_of_work(world.hq.system.scope) as session:
        identity.send_reset(session, world.hq.system, found, link=lambda t: f"http://localhost/reset/{t}", at=AT)


def over(settings: Settings, message: OutboxMessage) -> None:
    """Thirty minutes have passed."""
    by_force(
        settings,
        "UPDATE outbox SET secret_ends_at = now() - interval '1 second' WHERE brand_id = :brand AND id = :id",
        brand=message.brand_id,
        id=message.id,
    )


def state(message: OutboxMessage) -> tuple[str, bool, str | None]:
    return message.state.value, message.secret is not None, message.error


def test_an_invitations_mail_leaves_while_its_link_lives_and_its_secret_goes_with_it(world: World) -> None:
    to = address()
    invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    assert only(world, to).secret_ends_at is not None
    assert jobs.send_mail() == 1
    assert state(only(world, to)) == ("sent", False, None)


@pytest.mark.parametrize("what", ["taken back", "sent again", "taken up"])
def test_an_invitation_settled_before_its_mail_could_leave_sends_no_dead_link(world: World, what: str) -> None:
    to = address()
    row = invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    link = link_to(world, to)
    if what == "taken back":
        with world.as_(world.hq.admin) as session:
            identity.revoke_invitation(session, world.hq.admin, row.id, at=AT)
    elif what == "sent again":
        with world.as_(world.hq.admin) as session:
            identity.invite_again(
                session, world.hq.admin, row.id, link=lambda t: f"http://localhost/invitations/{t}", at=AT
            )
    else:
        with unit_of_work(world.hq.system.scope) as session:
            token = link.rpartition("/")[2]
            identity.accept_invitation(session, row.id, token, login=to, password_hash="x", at=AT)
    jobs.send_mail()
    first, *newer = mails(world, to)
    assert state(first) == ("failed", False, "link-over")
    assert [one.state.value for one in newer if one.template == "invitation"] == (
        ["sent"] if what == "sent again" else []
    )


def test_a_reset_whose_link_a_new_password_ended_is_not_sent(world: World) -> None:
    to = address()
    asked_for_reset(world, to)
    asked_for_reset(make_world(), (other := address()))  # the control: another person's leaves
    (found,) = queries.logins_to_reset(db.engine, to)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("SELECT links_end(%s)", (found.id,))
    assert jobs.send_mail() == 1
    assert state(only(world, to)) == ("failed", False, "link-over")
    assert other


def test_an_ended_link_is_wiped_and_given_up_with_the_reason_it_waited_for(
    app: Flask, settings: Settings, world: World
) -> None:
    to, kept = address(), address()
    invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    invited(world, world.hq.admin, Role.HQ_CLERK, to=kept)
    mail.init_mail(app, replace(settings, mail_url=NOBODY_LISTENS))
    assert jobs.send_mail() == 0
    assert only(world, to).state.value == "waiting"
    assert str(only(world, to).error).startswith("Away:")
    over(settings, only(world, to))
    jobs.send_mail()
    gone, waits = only(world, to), only(world, kept)
    assert (gone.state.value, gone.secret) == ("failed", None)
    assert str(gone.error).startswith("link-over Away:")
    assert (waits.state.value, waits.secret is not None) == ("waiting", True)


def test_a_secret_from_before_the_portal_knew_ends_is_wiped_too(settings: Settings, world: World) -> None:
    to = address()
    invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    by_force(
        settings,
        "UPDATE outbox SET secret_ends_at = NULL, link_hash = NULL, state = 'failed' WHERE brand_id = :brand",
        brand=world.brand_id,
    )
    jobs.send_mail()
    found = only(world, to)
    assert (found.state.value, found.secret, found.secret_ends_at is not None) == ("failed", None, True)


def test_a_waiting_mail_that_an_older_process_wrote_is_sent_and_waits_no_longer_than_a_link_works(
    app: Flask, settings: Settings, world: World
) -> None:
    to = address()
    invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    by_force(
        settings,
        "UPDATE outbox SET secret_ends_at = NULL, link_hash = NULL WHERE brand_id = :brand",
        brand=world.brand_id,
    )
    way_out = app.extensions["portal-mail"]
    mail.init_mail(app, replace(settings, mail_url=NOBODY_LISTENS))
    jobs.send_mail()
    found = only(world, to)
    assert (found.state.value, found.secret is not None) == ("waiting", True)
    assert 1790 < (found.secret_ends_at - clock.machine_now()).total_seconds() <= 1800  # type: ignore[operator]
    by_force(settings, "UPDATE outbox SET not_before = NULL WHERE brand_id = :brand", brand=world.brand_id)
    app.extensions["portal-mail"] = way_out
    assert jobs.send_mail() == 1
    assert state(only(world, to)) == ("sent", False, None)


def test_on_a_developers_machine_a_sent_link_stays_until_it_ends(app: Flask, settings: Settings, world: World) -> None:
    mail.init_mail(app, replace(settings, environment="development"))
    to = address()
    invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    jobs.send_mail()
    assert state(only(world, to)) == ("sent", True, None)
    over(settings, only(world, to))
    jobs.send_mail()
    assert state(only(world, to)) == ("sent", False, None)


def test_a_mail_that_failed_for_good_keeps_no_secret_and_is_not_sent_again(world: World, client_as) -> None:
    with world.as_(world.hq.system) as session:
        outbox.add(session, template="password-reset", to="no address", at=AT, secret="http://localhost/reset/SECRET",
                   facts={"login": "li", "minutes": 30})  # fmt: skip
        outbox.add(session, template="password-changed", to="no address", at=AT, facts={"login": "li"})
    assert jobs.send_mail() == 0
    linked, plain = mails(world, "no address")
    assert (linked.state.value, linked.secret) == ("failed", None)
    with pytest.raises(Refused) as caught, world.as_(world.hq.admin) as session:
        actions.send_again(session, world.hq.admin, linked.id, at=AT)
    assert caught.value.code == "mail-link-over"
    browser = client_as(world.hq.admin)
    page = browser.get(f"/outbox/{linked.id}").get_data(as_text=True)
    assert f"/outbox/{linked.id}/again" not in page
    assert "不再重发" in page
    assert "忘记密码" in page
    refused = browser.post(f"/outbox/{linked.id}/again")
    assert refused.status_code == 303
    assert mails(world, "no address")[0].state.value == "failed"
    # the control: a mail without a link is
    assert f"/outbox/{plain.id}/again" in browser.get(f"/outbox/{plain.id}").get_data(as_text=True)
    browser.post(f"/outbox/{plain.id}/again")
    assert mails(world, "no address")[1].state.value == "waiting"


def test_a_failed_invitation_is_sent_anew_from_its_mail_with_a_new_link(
    settings: Settings, world: World, client_as
) -> None:
    to = address()
    row = invited(world, world.hq.admin, Role.HQ_CLERK, to=to)
    over(settings, only(world, to))
    jobs.send_mail()
    failed = only(world, to)
    browser = client_as(world.hq.admin)
    page = browser.get(f"/outbox/{failed.id}").get_data(as_text=True)
    assert f"/members/invitations/{row.id}/send" in page
    assert "一次性链接已过期" in page
    assert "一次性链接已过期" in browser.get("/outbox?state=failed").get_data(as_text=True)
    assert browser.post(f"/members/invitations/{row.id}/send").status_code == 303
    assert jobs.send_mail() == 1
    assert [one.state.value for one in mails(world, to)] == ["failed", "sent"]
    page = browser.get(f"/outbox/{failed.id}").get_data(as_text=True)  # the older mail has nothing to offer any more
    assert f"/members/invitations/{row.id}/send" not in page


def test_one_brands_links_say_nothing_to_another(world: World) -> None:
    """The mail of one brand with the hash of another's invitation is not sent: the window asks for the brand too."""
    other, to = make_world(), address()
    row = invited(other, other.hq.admin, Role.HQ_CLERK, to=to)
    with world.as_(world.hq.system) as session:
        outbox.add(session, template="password-changed", to=to, at=AT, secret="x", link_hash=row.token_hash,
                   facts={"login": "li"})  # fmt: skip
    assert jobs.send_mail() == 1
    assert state(only(world, to)) == ("failed", False, "link-over")
    assert state(only(other, to)) == ("sent", False, None)
