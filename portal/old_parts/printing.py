"""The label of an old part: 60 × 40 mm with its number and a QR code (R30, R34)."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import force_locale
from sqlalchemy.orm import Session

from portal.core.permissions import Actor
from portal.old_parts import labels
from portal.old_parts.models import OldPart
from portal.organizations.models import Brand
from portal.web import qr
from portal.web.papers import OldPartLabel, OldPartLabels


def paper(session: Session, actor: Actor, old_parts: Sequence[OldPart]) -> OldPartLabels:
    """Labels for a roll, one to a page; they are Chinese papers whatever the reader's language."""
    brand = session.get_one(Brand, actor.scope.brand_id)
    with force_locale("zh_Hans_CN"):
        return OldPartLabels(labels=tuple(_label(brand, actor, old_part) for old_part in old_parts))


def _label(brand: Brand, actor: Actor, old_part: OldPart) -> OldPartLabel:
    return OldPartLabel(
        brand_name=brand.name,
        number=old_part.number,
        url=qr.address(actor, old_part.number),
        part_number=old_part.part.number,
        part_name=old_part.part.name,
        spec=old_part.part.spec,
        quantity=old_part.quantity,
        serial=old_part.product.serial,
        model=old_part.product.model.name,
        fault=f"{old_part.fault.code} {old_part.fault.name}",
        replaced_on=old_part.replaced_on,
        report_by=old_part.report_by,
        dealer_code=old_part.dealer.code,
        dealer_name=old_part.dealer.name,
        rule=labels.return_rule(old_part.must_return),
    )
