"""What stands in an address: other people's arguments change neither the page nor where its links lead."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import url_for

from portal.app import create_app
from portal.core import clock
from portal.web.acts import came_from, local
from tests.factories.world import at

ODD = "endpoint=x&_method=FOO&_external=1&_scheme=javascript&_anchor=a"


@pytest.mark.parametrize(
    "address", ["/accounts", "/orders", "/claims", "/fees", "/old-parts", "/audit", "/products", "/accounts/D001"]
)
def test_arguments_named_like_those_of_url_for_change_no_link(client_as, world, address):
    answer = client_as(world.hq.finance if address != "/audit" else world.hq.auditor).get(f"{address}?{ODD}")
    assert answer.status_code == 200
    links = re.findall(r'(?:href|action)="([^"#]*)', answer.get_data(as_text=True))
    assert links
    assert [link for link in links if link and not link.startswith("/")] == []


def test_a_query_cannot_put_another_dealers_account_behind_a_pages_links(client_as, world):
    page = client_as(world.hq.finance).get("/accounts/D001?code=D002").get_data(as_text=True)
    assert "/accounts/D002" not in page


def test_papers_of_a_real_installation_never_take_their_address_from_the_host_header(settings):
    app = create_app(replace(settings, environment="production", base_url="https://portal.example.com/"))
    with app.test_request_context("/", headers={"Host": "evil.example"}):
        whole = url_for("qr", code="b1", number="PO2611-0001", _external=True)
        assert whole == "https://portal.example.com/q/b1/PO2611-0001"
        assert url_for("orders.index") == "/orders"


@pytest.mark.parametrize("after", ["99999999999999999999.1", "1.99999999999999999999", "9999999999999.9", "١.٢", "."])
def test_a_page_key_beyond_every_number_shows_the_first_page(client_as, world, after):
    assert client_as(world.hq.finance).get(f"/settlement/2026-10?after={after}").status_code == 200


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "2026-10-05"])
def test_the_audit_page_of_any_day_opens(client_as, world, day):
    assert client_as(world.hq.auditor).get(f"/audit?day={day}").status_code == 200


def test_a_quotes_version_of_five_thousand_digits_is_no_version(client_as, world):
    number = world.submitted_order(world.d1)
    form = {"freight": "1", "ship_on": "2026-10-20", "lines-1-quantity": "1", "seen": "9" * 5000}
    with clock.frozen(at("2026-10-05 10:00")):
        assert client_as(world.hq.clerk).post(f"/orders/{number}/quote", data=form).status_code in {303, 422}


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://localhost/orders?tab=agreed", "/orders?tab=agreed"),
        ("http://localhost//evil.example/x", "/"),
        ("http://localhost@evil.example/x", "/"),
        ("http://evil.example/orders", "/"),
        ("http://[::1", "/"),
        ("", "/"),
    ],
)
def test_a_refused_act_goes_back_to_a_page_of_ours_only(app, referrer, back):
    with app.test_request_context("/", headers={"Referer": referrer}):
        assert came_from() == back


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil", "\\/evil", "/\tevil", "javascript:alert(1)", "/a\r\nX: 1", ""]
)
def test_no_sign_in_leads_out_of_the_portal(address):
    assert local(address) is None
