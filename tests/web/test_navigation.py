"""Navigation shows what the member may open, leaves out what does not exist, and knows where the reader is."""

from __future__ import annotations

import pytest

from portal.core.permissions import Permission as P
from portal.web.navigation import entries, navigation, tabbar
from tests.web.kit import DEALER, HQ, Person, make_app


def urls(person: Person | None, endpoint: str | None = None, *, without: tuple[str, ...] = ()) -> list[str]:
    with make_app(without=without).test_request_context("/"):
        return [item.url.removeprefix("/") for group in navigation(person, endpoint) for item in group.items]


def lit(person: Person, endpoint: str | None) -> list[str]:
    with make_app().test_request_context("/"):
        return [item.url for group in navigation(person, endpoint) for item in group.items if item.current]


def test_nobody_goes_nowhere() -> None:
    assert urls(None) == []


@pytest.mark.parametrize("person", [HQ, DEALER], ids=["hq", "dealer"])
def test_who_may_everything_sees_every_row_of_the_side(person: Person) -> None:
    assert urls(person) == [entry.endpoint for entry in entries(person.side)]


def test_a_member_sees_only_what_its_permissions_open_and_no_empty_group() -> None:
    keeper = Person("hq", frozenset({P.HOME_READ, P.ORDER_READ, P.ORDER_SHIP}))
    assert urls(keeper) == ["reports.home", "orders.index", "orders.shipping"]
    with make_app().test_request_context("/"):
        assert [len(group.items) for group in navigation(keeper, None)] == [1, 2]


def test_pages_that_do_not_exist_are_left_out() -> None:
    assert "orders.holdings" not in urls(DEALER, without=("orders.holdings",))


def test_dealers_never_see_headquarters_work() -> None:
    assert not {"orders.debits", "orders.shipping", "settlement.index", "ledger.prove", "reports.audit"} & set(
        urls(DEALER)
    )


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        ("orders.index", ["/orders.index"]),
        ("orders.detail", ["/orders.index"]),
        ("orders.debits", ["/orders.debits"]),
        ("orders.ship_form", ["/orders.shipping"]),
        ("catalog.price_list", ["/catalog.prices"]),
        ("settlement.dealer_account", ["/settlement.accounts"]),
        ("reports.search", ["/reports.home"]),
        ("files.photo", []),
        (None, []),
        ("identity.member", ["/identity.members"]),
        ("identity.invite", ["/identity.members"]),
        ("identity.me", []),  # it stands in the person's own menu
        ("identity.tokens", []),
    ],
)
def test_one_row_is_lit_the_one_the_page_belongs_to(endpoint: str | None, shown: list[str]) -> None:
    assert lit(HQ, endpoint) == shown


def test_counts_and_heat_stand_at_their_rows() -> None:
    with make_app().test_request_context("/"):
        items = {
            item.url: item
            for group in navigation(HQ, None, {"claims.index": 61, "orders.index": 0}, ("claims.index",))
            for item in group.items
        }
    assert (items["/claims.index"].count, items["/claims.index"].hot) == (61, True)
    assert (items["/orders.index"].count, items["/orders.index"].hot) == (0, False)
    assert items["/fees.index"].count is None


def test_thumbs_reach_five_places_at_a_dealer_and_none_at_headquarters() -> None:
    with make_app().test_request_context("/"):
        assert [item.url for item in tabbar(DEALER, "claims.detail", {"old_parts.index": 2})] == [
            "/reports.home",
            "/orders.index",
            "/old_parts.index",
            "/claims.index",
            "/settlement.account",
        ]
        assert [item.current for item in tabbar(DEALER, "claims.detail")] == [False, False, False, True, False]
        assert [item.count for item in tabbar(DEALER, "fees.index", {"old_parts.index": 2})] == [
            None,
            None,
            2,
            None,
            None,
        ]
        assert not any(item.current for item in tabbar(DEALER, "fees.index"))
        assert tabbar(HQ, "orders.index") == tabbar(None, "orders.index") == []
