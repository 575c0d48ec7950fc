"""A dealer's workbook becomes a draft: what matches is filled in, what does not is said by row and stays readable (IE4)."""

import hashlib
from datetime import date

import pytest
from sqlalchemy import select, text

from portal.claims import actions, queries
from portal.claims.matching import Outcome
from portal.claims.models import ClaimForm
from portal.claims.sheets import read_form
from portal.core import clock
from portal.core.errors import NotFound
from portal.old_parts import actions as old_parts
from tests.claims.forms import NOW, deep_shelf, form_of, kept, outcomes, row, take_in
from tests.claims.kit import claim, lines, refused
from tests.claims.test_sheets import book
from tests.factories.statements import counted


@pytest.fixture(autouse=True)
def _clock():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def shelf(world):
    return deep_shelf(world)


def test_rows_become_lines_by_number_or_by_serial_part_and_day_and_the_others_say_why(shelf):
    serial, again, late = shelf.product(shelf.d1), shelf.product(shelf.d1), shelf.product(shelf.d1)
    worn = shelf.product(shelf.d1, installed=date(2015, 1, 1), made=date(2014, 1, 1))
    by_number = shelf.reviewed_old_part(shelf.d1, serial=serial, quantity=2)
    by_part = shelf.reported_old_part(shelf.d1, serial=again, part="P2", replaced="2026-10-11")
    unreported = shelf.registered_old_part(shelf.d1, serial=late, replaced="2026-10-26")
    september = shelf.reported_old_part(
        shelf.d1, serial=shelf.product(shelf.d1), replaced="2026-10-08", when="2026-10-08 15:00"
    )
    ref = take_in(
        shelf,
        form_of(
            row(None, "", None, 2, by_number.lower()),
            row("10月11日", again.lower(), "p2", 1),
            row("2026/10/26", late),
            row("2026.10.12", late),
            row("2026-10-20", shelf.product(shelf.d1)),
            row("2026-10-20", worn),
            row("2026-10-20", "SN-NOBODY"),
            row("2026-10-20", serial, "P-NONE"),
            row("2026-09-20", serial),
            row("上周", serial),
            row("2026-10-10", ""),
            row("2026-10-10", serial, ""),
            row(None, serial),
            row("2026-10-30", serial),
            row(None, "", None, 1, "OP9999-0001"),
            row("2026-10-08", "SN-OTHER", "P1", 1, september),
            row(None, "", None, 1, by_part),
            row("2026-10-10", serial, "P1", 2),
        ),
    )
    assert outcomes(shelf, ref) == {
        4: ("line", by_number, 1),
        5: ("twice", None, None),  # the row that names the registration keeps it
        6: ("blocked", unreported, None),
        7: ("no-old-part", None, None),
        8: ("no-old-part", None, None),
        9: ("not-covered", None, None),
        10: ("product-unknown", None, None),
        11: ("part-unknown", None, None),
        12: ("other-month", None, None),
        13: ("unreadable", None, None),
        14: ("serial-missing", None, None),
        15: ("part-missing", None, None),
        16: ("day-missing", None, None),
        17: ("day-ahead", None, None),
        18: ("number-unknown", None, None),
        19: ("number-differs", None, None),
        20: ("line", by_part, 2),
        21: ("twice", None, None),
    }
    assert [(line.position, line.quantity, str(line.claimed)) for line in lines(shelf, ref)] == [
        (1, 2, "25.00"),
        (2, 1, "100.00"),
    ]


def test_a_second_row_of_the_same_repair_takes_the_second_registration(shelf):
    serial = shelf.product(shelf.d1)
    one = shelf.reported_old_part(shelf.d1, serial=serial, quantity=1)
    two = shelf.reported_old_part(shelf.d1, serial=serial, quantity=2)
    ref = take_in(
        shelf, form_of(row(serial=serial, quantity=2), row(serial=serial, quantity=1), row(serial=serial, quantity=1))
    )
    assert outcomes(shelf, ref) == {4: ("line", two, 1), 5: ("line", one, 2), 6: ("twice", None, None)}


def test_what_the_form_says_otherwise_is_told_and_the_portals_own_figures_stand(shelf):
    serial = shelf.product(shelf.d1)
    number = shelf.reported_old_part(shelf.d1, serial=serial, quantity=2)
    ref = take_in(
        shelf,
        form_of(
            row("2026-10-11", serial, "P1", 3, number, "99.90", fault="Q77", model="M-200"),
            row("坏", serial, "P1", 1, number),
        ),
    )
    first = kept(shelf, ref)[0]
    assert [(one["code"], one["facts"]) for one in first.remarks] == [
        ("model-differs", {"said": "M-200", "known": "M-100"}),
        ("fault-unknown", {"said": "Q77"}),
        ("day-differs", {"said": "2026-10-11", "known": "2026-10-10"}),
        ("quantity-differs", {"said": 3, "known": 2}),
        ("amount-differs", {"said": "99.90", "known": "25.00"}),
    ]
    assert [(str(line.claimed), line.quantity, line.service_day) for line in lines(shelf, ref)] == [
        ("25.00", 2, date(2026, 10, 10))
    ]
    assert kept(shelf, ref)[1].remarks == [
        {"code": "cell", "facts": {"field": "day", "problem": "day-unclear", "facts": {"value": "坏"}}}
    ]


def test_an_equal_amount_and_a_unit_price_that_fits_are_no_remark(shelf):
    number, other = shelf.reported_old_part(shelf.d1, quantity=2), shelf.reported_old_part(shelf.d1, quantity=2)
    head = ("旧件登记号", "金额", "单价")
    ref = take_in(shelf, book(("报销月份:2026年10月",), head, (number, "25.00", None), (other, None, "12.00")))
    assert [[one["code"] for one in each.remarks] for each in kept(shelf, ref)] == [[], ["price-differs"]]


def test_R44_a_row_too_late_to_claim_says_until_when_it_could(shelf):
    serial = shelf.product(shelf.d1)
    ref = take_in(shelf, form_of(row("2026-08-02", serial), title=("报销月份:2026年8月",)))
    one = kept(shelf, ref)[0]
    assert (one.outcome, one.facts) == (Outcome.TOO_LATE, {"last_day": "2026-10-01", "days": 60})


def test_the_month_is_the_one_asked_else_said_else_of_most_rows(shelf):
    serial = shelf.product(shelf.d1)
    rows = (row("2026-09-10", serial), row("2026-09-11", serial), row("2026-10-10", serial))
    said = take_in(shelf, form_of(*rows))
    asked = take_in(shelf, form_of(*rows, title=("报销月份:2026年10月 ",)), month=date(2026, 9, 1))
    most = take_in(shelf, form_of(*rows, title=("某店",)))
    assert [claim(shelf, ref).month for ref in (said, asked, most)] == [
        date(2026, 10, 1),
        date(2026, 9, 1),
        date(2026, 9, 1),
    ]
    assert [one[0] for one in outcomes(shelf, said).values()] == ["other-month", "other-month", "no-old-part"]


def test_a_registration_on_another_claim_is_blocked_by_its_check_R33(shelf):
    number = shelf.reviewed_old_part(shelf.d1)
    shelf.submitted_claim(shelf.d1, [number])
    ref = take_in(shelf, form_of(row(None, "", None, 1, number)))
    one = kept(shelf, ref)[0]
    assert (one.outcome, [check["code"] for check in one.facts["checks"]]) == (Outcome.BLOCKED, ["claimed-elsewhere"])
    assert lines(shelf, ref) == []


def test_IE4_the_same_file_twice_points_to_the_first_draft(shelf):
    data = form_of(row("2026-10-10", shelf.product(shelf.d1)))
    ref = take_in(shelf, data)
    why = refused(shelf, lambda: take_in(shelf, data, by=shelf.d1.manager, name="anders.xlsx"), "form-taken-in")
    assert (why.facts["ref"], why.facts["number"], why.field) == (ref, "", "file")
    assert take_in(shelf, form_of(row("2026-10-10", "SN-X"))) != ref  # another file is another draft


def test_IE4_another_dealer_takes_the_same_bytes_in_for_itself_unless_they_name_the_first(shelf):
    data = form_of(row("2026-10-10", serial := shelf.product(shelf.d1)))
    take_in(shelf, data)
    ref = take_in(shelf, data, by=shelf.d2.clerk)
    with shelf.as_(shelf.d2.clerk) as session:
        found = queries.form_rows(session, queries.form_of(session, queries.claim(session, ref).id))
    assert [(one.outcome, one.facts) for one in found] == [(Outcome.PRODUCT_UNKNOWN, {"serial": serial})]
    named = form_of(row("2026-10-10", serial), title=("经销商:福州恒达(D001) 报销月份:2026年10月",))
    why = refused(shelf, lambda: take_in(shelf, named, by=shelf.d2.clerk), "form-other-dealer")
    assert (why.facts["said"], why.facts["own"]) == ("D001", "D002")


def test_a_form_of_no_month_or_of_one_ahead_is_refused(shelf):
    refused(shelf, lambda: take_in(shelf, form_of(row("坏", "SN"), title=("某店",))), "form-without-month")
    refused(shelf, lambda: take_in(shelf, form_of(row(serial="SN"), title=("报销月份:2026年12月",))), "month-ahead")


def test_who_may_not_draft_claims_takes_nothing_in(shelf):
    data = form_of(row(serial="SN"))
    refused(shelf, lambda: take_in(shelf, data, by=shelf.d1.technician), "permission-missing")
    refused(shelf, lambda: take_in(shelf, data, by=shelf.hq.clerk), "permission-missing")


def test_what_was_settled_since_becomes_a_line_when_looked_at_again(shelf):
    serial, other = shelf.product(shelf.d1), shelf.product(shelf.d1)
    unreported = shelf.registered_old_part(shelf.d1, serial=other, replaced="2026-10-26")
    ref = take_in(
        shelf,
        form_of(
            row("10月20日", serial, quantity=2, amount="30.00"), row("2026-10-26", other), row("2026-10-26", "SN-X")
        ),
    )
    assert [one[0] for one in outcomes(shelf, ref).values()] == ["no-old-part", "blocked", "product-unknown"]
    number = shelf.reported_old_part(shelf.d1, serial=serial, quantity=2, replaced="2026-10-20")
    with shelf.as_(shelf.d1.technician) as session:
        old_parts.report(session, shelf.d1.technician, unreported, at=NOW)
    with shelf.as_(shelf.d1.clerk) as session:
        actions.look_again(session, shelf.d1.clerk, ref, at=NOW)
    assert outcomes(shelf, ref) == {
        4: ("line", number, 1), 5: ("line", unreported, 2), 6: ("product-unknown", None, None),
    }  # fmt: skip
    assert [one["code"] for one in kept(shelf, ref)[0].remarks] == ["amount-differs"]
    with shelf.as_(shelf.d1.clerk) as session:  # again: nothing is added twice
        actions.look_again(session, shelf.d1.clerk, ref, at=NOW)
    assert len(lines(shelf, ref)) == 2


def test_a_line_put_on_by_hand_or_taken_off_is_said_so(shelf):
    serial = shelf.product(shelf.d1)
    number = shelf.reported_old_part(shelf.d1, serial=serial)
    ref = take_in(shelf, form_of(row("2026-10-11", serial)))
    assert outcomes(shelf, ref) == {4: ("other-day", None, None)}
    with shelf.as_(shelf.d1.clerk) as session:
        actions.add_lines(session, shelf.d1.clerk, ref, old_parts=[number], at=NOW)
        actions.look_again(session, shelf.d1.clerk, ref, at=NOW)
    assert len(lines(shelf, ref)) == 1
    other = take_in(
        shelf, form_of(row("2026-10-10", shelf_serial := shelf.product(shelf.d1)), row("2026-10-12", shelf_serial))
    )
    assert len(lines(shelf, other)) == 0


def test_only_a_draft_that_was_made_from_a_form_is_looked_at_again(shelf):
    number = shelf.reviewed_old_part(shelf.d1)
    by_hand = shelf.submitted_claim(shelf.d1, [shelf.reviewed_old_part(shelf.d1, replaced="2026-10-11")])
    ref = take_in(shelf, form_of(row(None, "", None, 1, number)))

    def again(which, by=shelf.d1.clerk):
        with shelf.as_(by) as session:
            actions.look_again(session, by, which, at=NOW)

    refused(shelf, lambda: again(by_hand), "wrong-state")
    refused(shelf, lambda: again(ref, shelf.hq.clerk), "permission-missing")
    with pytest.raises(NotFound):
        again(ref, shelf.d2.clerk)
    with shelf.as_(shelf.d1.clerk) as session:
        plain = actions.draft(session, shelf.d1.clerk, month=date(2026, 10, 1), at=NOW).public_id
    refused(shelf, lambda: again(plain), "form-none")


def test_the_rows_are_the_dealers_own_and_what_was_typed_cannot_be_changed(shelf):
    take_in(shelf, form_of(row(serial="SN-X")))
    with shelf.as_(shelf.d2.clerk) as session:
        assert session.scalar(select(ClaimForm)) is None
        assert session.scalar(text("SELECT count(*) FROM claim_form_rows")) == 0
    for statement in (
        "UPDATE claim_form_rows SET seen = '{}'",
        "UPDATE claim_forms SET sha256 = ''",
    ):
        with pytest.raises(Exception, match="permission denied"), shelf.as_(shelf.d1.clerk) as session:
            session.execute(text(statement))


def test_500_rows_ask_no_more_statements_than_one(shelf):
    serial = shelf.product(shelf.d1)

    def statements(rows):
        with counted() as seen:
            take_in(shelf, form_of(*rows))
        return len(seen)

    few = statements([row("2026-10-20", serial)])
    many = statements([row(f"2026-10-{1 + n % 27:02d}", serial, quantity=1 + n % 3) for n in range(500)])
    assert many <= few + 4  # rows go in by pages


def test_two_at_once_make_one_draft_of_a_file(shelf):
    """The unique key holds where the look before found nothing yet."""
    data = form_of(row(serial="SN-X"))
    take_in(shelf, data)
    form = read_form(data, "x.xlsx", today=date(2026, 10, 28))
    with shelf.as_(shelf.d1.clerk) as session:
        first = session.scalar(select(ClaimForm))
        assert (first.sha256, first.filename, len(form.rows)) == (hashlib.sha256(data).hexdigest(), "十月.xlsx", 1)
    with (
        pytest.raises(Exception, match="uq_claim_forms_brand_id_dealer_id_sha256"),
        shelf.as_(shelf.d1.clerk) as session,
    ):
        session.add(
            ClaimForm(
                dealer_id=shelf.d1.id, claim_id=actions.draft(session, shelf.d1.clerk, month=date(2026, 10, 1), at=NOW).id, filename="y",
                sha256=first.sha256, columns=[], ignored=[], taken_at=NOW, taken_by="x", looked_at=NOW,
            )
        )  # fmt: skip
        session.flush()
