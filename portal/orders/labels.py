"""What orders are called: words and colours of states, buttons, acts in the timeline, refusals."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.core.permissions import Permission as P
from portal.orders.models import OrderState, Purpose, ShipmentState

S = OrderState

# The state's word and its tone (templates/components/state.html); "wait" shows as "turn" to the side whose turn it is.
STATES = {
    S.DRAFT: (_l("Draft"), "draft"),
    S.SUBMITTED: (_l("For headquarters to confirm"), "wait"),
    S.QUOTED: (_l("For the dealer to confirm"), "wait"),
    S.AGREED: (_l("To be debited"), "wait"),
    S.DEBITED: (_l("To be shipped"), "wait"),
    S.PART_SHIPPED: (_l("Partly shipped"), "move"),
    S.SHIPPED: (_l("Shipped"), "move"),
    S.RECEIVED: (_l("Received"), "done"),
    S.REJECTED: (_l("Rejected"), "stop"),
    S.CANCELLED: (_l("Cancelled"), "stop"),
}

SHIPMENT_STATES = {
    ShipmentState.IN_TRANSIT: (_l("In transit"), "move"),
    ShipmentState.RECEIVED: (_l("Received"), "done"),
}

TABS = {
    "all": _l("All"),
    "draft": _l("Draft"),
    "submitted": _l("For headquarters to confirm"),
    "quoted": _l("For the dealer to confirm"),
    "agreed": _l("To be debited"),
    "debited": _l("To be shipped"),
    "part-shipped": _l("Partly shipped"),
    "shipped": _l("Shipped"),
    "received": _l("Received"),
    "ended": _l("Rejected, cancelled"),
}

PURPOSES = {
    Purpose.STOCK: _l("Stock"),
    Purpose.WARRANTY: _l("Covered"),
    Purpose.PAID: _l("Paid job"),
}

# Button, tone, picture, and (where a reason is asked for) the label of the reason.
STEPS = {
    "amend": _l("Change the draft"),
    "submit": _l("Submit to headquarters"),
    "quote": _l("Confirm contents and fees"),
    "send_back": _l("Send back for changes"),
    "reject": _l("Reject"),
    "agree": _l("Agree"),
    "dispute": _l("Disagree"),
    "lapse": _l("Let the quote lapse"),
    "debit": _l("Debit now"),
    "ship_part": _l("Ship a part"),
    "ship_rest": _l("Ship"),
    "receive": _l("Receive and count"),
    "cancel": _l("Cancel the order"),
}

LOOKS = {
    "amend": ("", "pencil"),
    "submit": ("primary", "check"),
    "quote": ("primary", "file-invoice"),
    "send_back": ("", "arrow-back-up"),
    "reject": ("bad", "x"),
    "agree": ("primary", "check"),
    "dispute": ("bad", "message-circle-x"),
    "debit": ("primary", "coin-yuan"),
    "ship_rest": ("primary", "truck-delivery"),
    "receive": ("primary", "package-import"),
    "cancel": ("", "x"),
}

ASKS = {
    "send_back": _l("What should the dealer change?"),
    "reject": _l("Why is it rejected?"),
    "dispute": _l("What do you not agree to?"),
    "cancel": _l("Why is it cancelled?"),
}

# Whose turn it is, by state: the side, and who of it: the holder of the next step's permission.
TURN = {
    S.DRAFT: "dealer",
    S.SUBMITTED: "hq",
    S.QUOTED: "dealer",
    S.AGREED: "hq",
    S.DEBITED: "hq",
    S.PART_SHIPPED: "hq",
    S.SHIPPED: "dealer",
}

NEXT = {
    S.DRAFT: P.ORDER_SUBMIT,
    S.SUBMITTED: P.ORDER_QUOTE,
    S.QUOTED: P.ORDER_AGREE,
    S.AGREED: P.ORDER_DEBIT,
    S.DEBITED: P.ORDER_SHIP,
    S.PART_SHIPPED: P.ORDER_SHIP,
    S.SHIPPED: P.ORDER_RECEIVE,
}

# What an order waits for, said to whoever cannot take the next step.
WAITS = {
    S.DRAFT: _l("The dealer is still writing it."),
    S.SUBMITTED: _l("Headquarters' after-sales clerks confirm contents and fees."),
    S.QUOTED: _l("The dealer manager agrees, or disagrees."),
    S.AGREED: _l("Finance debits the amount from the dealer's account, oldest order first."),
    S.DEBITED: _l("The parts warehouse ships it."),
    S.PART_SHIPPED: _l("The parts warehouse ships the rest."),
    S.SHIPPED: _l("The dealer receives and counts it."),
}

ACTS = {
    "order:draft": _l("began a draft of %(lines)s lines"),
    "order:amend": _l("changed the draft, now %(lines)s lines"),
    "order:submit": _l("submitted the application, %(lines)s lines"),
    "order:send_back": _l("sent it back for changes"),
    "order:reject": _l("rejected it"),
    "order:quote": _l("confirmed contents and fees as version %(quote)s, %(total)s, to be shipped on %(ship_on)s"),
    "order:agree": _l("agreed to version %(quote)s, %(total)s"),
    "order:dispute": _l("did not agree to version %(quote)s"),
    "order:lapse": _l("version %(quote)s lapsed after %(lapsed_on)s: to be confirmed again"),
    "order:debit": _l("debited %(total)s, journal %(journal)s"),
    "order:ship_part": _l("shipped %(pieces)s pieces as %(shipment)s, %(carrier)s %(tracking)s; more will follow"),
    "order:ship_rest": _l("shipped %(pieces)s pieces as %(shipment)s, %(carrier)s %(tracking)s; that is all"),
    "order:receive_part": _l("received %(shipment)s: %(short)s short, %(damaged)s damaged"),
    "order:receive": _l("received %(shipment)s, the last one: %(short)s short, %(damaged)s damaged"),
    "order:cancel": _l("cancelled the order"),
    "shipment:receive": _l("received the shipment: %(short)s short, %(damaged)s damaged"),
}

REFUSALS: dict[str, Any] = {
    "system-only": _l("This happens by itself, when its day has come."),
    "quote-runs": _l("Version %(quote_no)s can be agreed to until the end of %(lapses_on)s."),
    "order-empty": _l("An order needs at least one part. Choose a part and a quantity first."),
    "order-too-many-lines": _l("One application takes at most %(most)s lines. Spread the rest over a second one."),
    "order-line-quantity": _l("Line %(position)s: the quantity is a whole number from 1 to %(most)s."),
    "order-serial-missing": _l("Line %(position)s: a part in warranty needs the serial number of the product."),
    "line-product-unknown": _l("Line %(position)s: no registered product has the serial number %(serial)s. Check it on the nameplate."),
    "line-product-elsewhere": _l("Line %(position)s: product %(serial)s is registered with another dealer, which serves it."),
    "line-out-of-warranty": _l(
        "Line %(position)s: product %(serial)s is out of warranty for this part. Change the purpose to “Paid job”, or give another serial number."
    ),
    "line-part-unknown": _l("Line %(position)s: there is no part %(part)s in the register. Choose it from the list."),
    "order-line-gone": _l("This line does not belong to the document any more. Load the page again; nothing was changed."),
    "order-text-too-long": _l("This text may have at most %(most)s characters."),
    "line-no-price": _l("Line %(position)s: part %(part)s has no price on the list in force today. Leave it out or ask headquarters."),
    "no-price-list": _l("No price list is in force on %(day)s. Load one before quoting."),
    "ship-day-past": _l("The ship date %(day)s lies in the past. Choose today or later."),
    "confirmed-more": _l("Line %(position)s: the dealer asked for %(asked)s; no more than that can be confirmed."),
    "price-raised": _l("Line %(position)s: the price may be lowered but never raised above the list's %(list_price)s."),
    "price-zero": _l("Line %(position)s: a price cannot be lowered to nothing."),
    "lowered-without-reason": _l("Line %(position)s: a lowered price needs its reason."),
    "quote-empty": _l("Nothing would be delivered. Confirm at least one line, or reject the application."),
    "freight-odd": _l("Freight is an amount from ¥0.00 to %(most)s."),
    "order-amount-odd": _l("An amount has at most two places, for example 108.90."),
    "quote-changed": _l("Headquarters has made version %(quote_no)s meanwhile. Look at it before you agree."),
    "quote-lapsed": _l("This version has lapsed. Send it back to headquarters for a new one; prices are then those of that day."),
    "cancel-by-hq-only": _l("After you have agreed only headquarters can cancel. Call the after-sales department."),
    "cancel-by-dealer-only": _l("The application is with the dealer; only the dealer can cancel it now."),
    "still-in-transit": _l("Another shipment of this order is still on its way."),
    "shipped-more": _l("Line %(position)s: only %(left)s pieces are left to ship."),
    "nothing-shipped": _l("Say for at least one line how many pieces go out."),
    "nothing-stays": _l("That is everything that is left: ship the rest."),
    "carrier-missing": _l("Name the carrier."),
    "tracking-missing": _l("Give the tracking number; the dealer needs it."),
    "counted-more": _l("Line %(position)s: %(sent)s pieces were sent; more cannot be counted."),
    "damaged-more": _l("Line %(position)s: of %(counted)s counted no more can be damaged."),
}  # fmt: skip
# What several packages may say ("short-of-funds", "reason-needed", "wrong-state", "permission-missing",
# "changed-meanwhile") stands in portal/web/errors.py.


def refused_step(step: str, state: OrderState) -> object | None:
    """Why a step that people look for cannot be taken in this state, in words, or None when nobody looks for it now."""
    return WHY_NOT.get((step, state))


WHY_NOT = {
    ("agree", S.SUBMITTED): _l("Headquarters has not confirmed contents and fees yet."),
    ("receive", S.QUOTED): _l("Nothing has been shipped yet."),
    ("receive", S.AGREED): _l("Nothing has been shipped yet; first the amount is debited."),
    ("receive", S.DEBITED): _l("Nothing has been shipped yet."),
    ("debit", S.QUOTED): _l("The dealer has not agreed yet."),
    ("ship_rest", S.QUOTED): _l("No shipment before both sides have agreed and the account is debited."),
    ("ship_rest", S.AGREED): _l("No shipment before the account is debited."),
    ("quote", S.DRAFT): _l("The application is with the dealer."),
    ("quote", S.QUOTED): _l("The dealer is looking at this version. A new one can be made when it disagrees."),
}
