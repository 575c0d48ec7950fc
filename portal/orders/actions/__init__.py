"""What happens to orders: every write, one function per act (R20–R26).

An action takes plain values, locks what it changes (the order first, then its shipments and layers, then the
dealer's account), never commits, and refuses with a code.
"""

from portal.orders.actions.asking import amend, apply, draft, submit, submit_held
from portal.orders.actions.deciding import agree, cancel, debit, dispute, lapse, quote, reject, send_back
from portal.orders.actions.moving import receive, ship, ship_part, ship_rest

__all__ = [
    "agree",
    "amend",
    "apply",
    "cancel",
    "debit",
    "dispute",
    "draft",
    "lapse",
    "quote",
    "receive",
    "reject",
    "send_back",
    "ship",
    "ship_part",
    "ship_rest",
    "submit",
    "submit_held",
]
