"""The pages of the catalogue, in both languages, and the steps by which a file comes in (R11)."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from portal.catalog import queries
from portal.catalog.models import Import, Part, PriceList
from portal.core import clock
from portal.core.permissions import Actor
from portal.web.i18n import COOKIE
from tests.factories.brands import bytes_of, count, empty_brand, in_brand, load, member_of
from tests.factories.world import at

NOW = at("2026-11-16 10:00")


@pytest.fixture(autouse=True)
def now(app):
    clock.freeze_process(NOW)
    yield
    clock.freeze_process(None)


@pytest.fixture(scope="module")
def brand(app) -> Actor:
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    load(actor, "dealers", "dealers.xlsx")
    load(actor, "prices", "price-list-2027H1.xlsx", when="2026-11-01 09:00")
    return actor


@pytest.fixture(scope="module")
def admin(brand) -> Actor:
    return member_of(brand, "hq-admin")


@pytest.fixture(scope="module")
def shop(brand) -> Actor:
    return member_of(brand, "dealer-clerk", dealer="D001")


def words(browser, address: str, *, language: str = "en", status: int = 200) -> str:
    browser.set_cookie(COOKIE, language)
    answer = browser.get(address)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


def upload(browser, kind: str, name: str, data: bytes | None = None, *, first_day: str = ""):
    browser.set_cookie(COOKIE, "en")
    file = (io.BytesIO(bytes_of(name) if data is None else data), name)
    return browser.post(
        "/imports", data={"kind": kind, "first_day": first_day, "file": file}, content_type="multipart/form-data"
    )


# ------------------------------------------------------------------------------------------------ parts and prices


def test_a_dealer_reads_the_prices_in_force_today(client_as, shop):
    page = words(client_as(shop), "/parts?q=zkb")
    assert "382.00" in page
    assert "690.00" in page
    assert "version 202607" in page


def test_a_dealer_does_not_see_the_prices_that_headquarters_prepares(client_as, shop):
    browser = client_as(shop)
    assert "397.28" not in words(browser, "/parts?q=zkb&on=2027-02-01")
    assert "397.28" not in words(browser, "/parts/ST01")
    words(browser, "/prices", status=404)
    words(browser, "/imports", status=404)


def test_headquarters_asks_for_any_day(client_as, admin):
    browser = client_as(admin)
    assert "397.28" in words(browser, "/parts?q=zkb&on=2027-02-01")
    assert "No price list is in force on 2026-06-30" in words(browser, "/parts?on=2026-06-30")
    assert "397.28" in words(browser, "/parts/ST01")


def test_the_list_goes_on_by_number_and_prints_whole(client_as, shop):
    browser = client_as(shop)
    page = words(browser, "/parts")
    assert page.count('class="code" href="/parts/') == 50
    assert "after=" in page
    assert words(browser, "/parts?all=1").count('class="code" href="/parts/') == 119


def test_the_typeahead_answers_in_json(client_as, shop):
    (found,) = client_as(shop).get("/parts.json?q=zkb").get_json()["items"]
    assert (found["value"], found["name"], found["price"]) == ("ST01", "主控板", "382.00")


def test_R10_the_future_version_is_compared_with_the_one_in_force(client_as, admin):
    browser = client_as(admin)
    page = words(browser, "/prices/202701?compare=1")
    assert "Rises 118" in page
    assert words(browser, "/prices/202701?compare=1&move=gone").count('class="code" href="/parts/') == 1
    page = words(browser, "/prices/202701?compare=1&q=ST01")
    assert page.count('class="code" href="/parts/') == 1
    assert "<del>382.00</del> <ins>397.28</ins>" in page


def test_R10_the_button_withdraws_a_future_version_only(client_as, app):
    actor = empty_brand()
    load(actor, "prices", "price-list-2026H2.xlsx")
    load(actor, "prices", "price-list-2027H1.xlsx", when="2026-11-01 09:00")
    browser = client_as(member_of(actor, "hq-admin"))
    answer = browser.post("/prices/202607/withdraw")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/prices/202607")
    assert browser.post("/prices/202701/withdraw").headers["Location"] == "/prices"
    with in_brand(actor) as session:
        assert queries.list_on(session, date(2027, 1, 1)).version == "202607"
    assert browser.post("/prices/209901/withdraw").status_code == 404


def test_who_may_not_load_sees_no_button_and_is_refused(client_as, brand):
    browser = client_as(member_of(brand, "hq-clerk"))
    assert "/withdraw" not in words(browser, "/prices/202701")
    assert browser.post("/prices/202701/withdraw").status_code == 403
    words(browser, "/imports", status=403)


@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
@pytest.mark.parametrize(
    "address",
    [
        "/parts",
        "/parts?q=nothing",
        "/parts/ST01",
        "/prices",
        "/prices/202607",
        "/prices/202701?compare=1",
        "/imports",
        "/imports?kind=policy",
    ],
)
def test_pages_open_in_both_languages(client_as, admin, address, language):
    page = words(client_as(admin), address, language=language)
    assert f'lang="{"en" if language == "en" else "zh"}' in page
    assert "style=" not in page


@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
@pytest.mark.parametrize("address", ["/parts", "/prices", "/imports"])
def test_a_brand_with_nothing_is_told_what_to_do_next(client_as, app, address, language):
    browser = client_as(member_of(empty_brand(), "hq-admin"))
    assert 'class="empty"' in words(browser, address, language=language)


def test_R1_a_strangers_part_is_not_there(client_as, app):
    browser = client_as(member_of(empty_brand(), "hq-admin"))
    for address in ("/parts/ST01", "/prices/202607"):
        words(browser, address, status=404)


# ------------------------------------------------------------------------------------------------ files, step by step


def test_R11_a_file_is_shown_before_it_changes_anything_then_taken_whole(client_as, app):
    actor = empty_brand()
    browser = client_as(member_of(actor, "hq-admin"))
    here = upload(browser, "prices", "price-list-2026H2.xlsx").headers["Location"]
    page = words(browser, here)
    assert "成本价(元) → Dealer price" in page
    assert "119 good rows" in page
    assert "2026-07-01" in page
    with in_brand(actor) as session:
        assert [count(session, table) for table in (Part, PriceList)] == [0, 0]
        assert count(session, Import) == 1
    answer = browser.post(f"{here}/confirm")
    assert (answer.status_code, answer.headers["Location"]) == (303, here)
    assert "The whole file was taken over in one step." in words(browser, here)
    with in_brand(actor) as session:
        assert [count(session, table) for table in (Part, PriceList)] == [119, 1]
        record = queries.upload(session, here.rpartition("/")[2])
        assert (record.content, record.done_at, record.summary["new"]) == (None, NOW, 119)
    assert browser.post(f"{here}/confirm").status_code == 303
    assert "was loaded or discarded meanwhile" in words(browser, here)


def test_R15_a_file_without_a_day_asks_for_one_and_keeps_the_file(client_as, app):
    actor = empty_brand()
    browser = client_as(member_of(actor, "hq-admin"))
    here = upload(browser, "prices", "muyu-price-list.csv").headers["Location"]
    page = words(browser, here)
    assert "Give the first day of force." in page
    assert f'action="{here}/confirm"' not in page
    assert browser.post(f"{here}/first-day", data={"first_day": "2026-13-01"}).status_code == 422
    assert browser.post(f"{here}/first-day", data={"first_day": "2026/12/1"}).status_code == 303
    assert f'action="{here}/confirm"' in words(browser, here)
    browser.post(f"{here}/confirm")
    with in_brand(actor) as session:
        assert queries.list_on(session, date(2026, 12, 1)).version == "20261201"


def test_R11_bad_rows_are_named_and_can_be_downloaded(client_as, app):
    actor = empty_brand()
    browser = client_as(member_of(actor, "hq-admin"))
    text = "零部件价格表\n配件编码,配件名称,成本价,保外价\nA1,阀,1.00,2.00\nA2,阀,abc,2.00\nA3,=SUM(A1),1.00,2.00\n"
    here = upload(browser, "prices", "p.csv", text.encode(), first_day="2026-12-01").headers["Location"]
    page = words(browser, here)
    assert "Row 4" in page
    assert "“abc” is no amount." in page
    answer = browser.get(f"{here}/faulty.csv")
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["Row", "What is wrong", "配件编码", "配件名称", "成本价", "保外价"]
    assert (rows[1][0], rows[1][2:]) == ("4", ["A2", "阀", "abc", "2.00"])
    assert all(not cell.startswith("=") for row in rows for cell in row)
    browser.post(f"{here}/confirm")
    with in_brand(actor) as session:
        assert count(session, Part) == 0


def test_R10_a_day_that_has_begun_is_said_with_the_version_that_has_it(client_as, brand, admin):
    browser = client_as(admin)
    here = upload(browser, "prices", "price-list-2027H1.xlsx", first_day="2026-11-16").headers["Location"]
    assert "2026-11-16 belongs to version 202607, in force since 2026-07-01" in words(browser, here)
    browser.post(f"{here}/discard")
    assert "Discarded" in words(browser, here)


def test_a_file_loaded_before_is_recognised(client_as, brand, admin):
    browser = client_as(admin)
    for _each in range(2):
        here = upload(browser, "faults", "fault-codes.csv").headers["Location"]
        page = words(browser, here)
        browser.post(f"{here}/confirm")
    assert "This very file was loaded before." in page
    assert "All of it stands already; nothing would change." in page


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.txt", b"abc", "cannot be read. Save it as Excel workbook"),
        ("x.xlsx", b"", "The file is empty."),
        ("x.csv", "一,二\n1,2\n".encode(), "Columns not found"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(client_as, admin, name, data, said):
    answer = upload(client_as(admin), "prices", name, data)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_no_file_and_an_unknown_kind_are_refused(client_as, admin):
    browser = client_as(admin)
    assert browser.post("/imports", data={"kind": "prices"}).status_code == 422
    assert browser.post("/imports", data={"kind": "nonsense"}).status_code == 422


def test_R1_another_brands_file_is_not_there(client_as, admin, app):
    here = upload(client_as(admin), "faults", "f.csv", "代码,名称\nQ1,异响\n".encode()).headers["Location"]
    rival = client_as(member_of(empty_brand(), "hq-admin"))
    words(rival, here, status=404)
    words(rival, f"{here}/faulty.csv", status=404)
    for step in ("confirm", "discard", "first-day"):
        assert rival.post(f"{here}/{step}", data={"first_day": "2026-12-01"}).status_code == 404
    assert client_as(None).get(here).status_code == 303
