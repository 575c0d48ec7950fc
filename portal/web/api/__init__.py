"""The JSON API's common ground (prefix /api/v1): who calls, what was sent, one act once, problems, lists, the document.

A package's operations stand in its ``api.py`` (how it is called), what goes in and out in its ``schemas.py``. The same
actions and queries serve pages, API and commands: an operation parses, calls ONE action, and serialises. The pattern::

    api = Api("orders", tag="orders", words="Parts orders: from the application to the receipt.")

    @api.reads("/orders", P.ORDER_READ, gives=Page[OrderRow])
    def listed(call: Call, query: OrderQuery) -> Page[OrderRow]:
        rows = queries.listed(call.session, …, before_id=call.after_id(query), limit=query.limit + 1)
        return call.page(query, rows, OrderRow.of, key="id")

    @api.reads("/orders/<ref>", P.ORDER_READ, gives=OrderOut)
    def one(call: Call, ref: str) -> Answer:
        order = queries.order(call.session, ref)             # NotFound becomes 404
        return Answer(OrderOut.of(order), ver=order.ver)     # ETag; If-None-Match gives 304

    def _locked(call: Call, ref: str) -> Order:
        return queries.order_for_update(call.session, ref)   # looked at for If-Match: 428 without, 412 stale

    @api.acts("/orders/<ref>/quote", P.ORDER_QUOTE, side="hq", gives=OrderOut, changes=_locked)
    def quote(call: Call, ref: str, body: QuoteIn) -> Answer:
        actions.quote(call.session, call.actor, ref, …, at=call.at)
        return _shown(call, ref)

``call.session`` is the ONE unit of work of the call; it commits when the function returns. ``acts`` asks for an
``Idempotency-Key`` and keeps the reply in that same unit of work; ``makes=True`` answers 201 with ``Location``;
``changes=`` locks the document and asks for ``If-Match``. A paper is a :class:`File`, made when the unit of work is over. ``file="photo"`` takes multipart/form-data: ``call.file`` are the bytes.
What goes in derives from :class:`Asked` (unknown fields are refused), what goes out from :class:`Given`; money is
``Amount`` (out) or ``AmountIn``, instants ``Instant``, months ``Month``, texts ``Line``/``Words``. No internal id ever
goes out. ``create_app`` finds ``portal.<package>.api:api`` by itself. Refusals keep their page's code and sentence:
409, or 422 when they name a field. Every operation needs a line in tests/api/test_rivals.py.
"""

from portal.web.api.fields import (
    Amount,
    AmountIn,
    Asked,
    Day,
    Given,
    Instant,
    Line,
    ListQuery,
    Month,
    Nothing,
    Page,
    Ref,
    Words,
)
from portal.web.api.operations import PREFIX, Answer, Api, Call, File, is_api

__all__ = [
    "PREFIX",
    "Amount",
    "AmountIn",
    "Answer",
    "Api",
    "Asked",
    "Call",
    "Day",
    "File",
    "Given",
    "Instant",
    "Line",
    "ListQuery",
    "Month",
    "Nothing",
    "Page",
    "Ref",
    "Words",
    "is_api",
]
