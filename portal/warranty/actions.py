"""What happens to a registered product here: its customer's full data is opened, and that is logged (R3, R90)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission
from portal.warranty import queries
from portal.warranty.models import Product


def open_customer(session: Session, actor: Actor, serial: str, *, at: datetime) -> Product:
    """The product with its customer's name, phone and address unmasked; leaves an audit event (R3, R90).

    Refuses "permission-missing"; NotFound for a product of somebody else. Never commits.
    """
    if not actor.may(Permission.CUSTOMER_OPEN):
        raise Refused("permission-missing", step="open")
    product = queries.product(session, serial)
    audit.record(session, actor, "product:open", product, at=at, serial=product.serial)
    return product
