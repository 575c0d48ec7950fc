"""Every package's tables in one place, for migrations' comparison and for mappers to find each other."""

from portal.catalog import models as catalog
from portal.claims import models as claims
from portal.core import audit, numbering, outbox, queue, replies, terms
from portal.core.db import Base
from portal.fees import models as fees
from portal.files import models as files
from portal.identity import models as identity
from portal.ledger import models as ledger
from portal.old_parts import models as old_parts
from portal.orders import models as orders
from portal.organizations import models as organizations
from portal.settlement import models as settlement
from portal.warranty import models as warranty

__all__ = [
    "Base",
    "audit",
    "catalog",
    "claims",
    "fees",
    "files",
    "identity",
    "ledger",
    "numbering",
    "old_parts",
    "orders",
    "organizations",
    "outbox",
    "queue",
    "replies",
    "settlement",
    "terms",
    "warranty",
]
