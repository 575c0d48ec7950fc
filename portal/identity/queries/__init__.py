"""Who somebody is: read before a brand is known through narrow functions, afterwards from ``members``."""

from portal.identity.queries.members import member, members, members_page, serves
from portal.identity.queries.places import (
    BrandInfo,
    Place,
    SignedIn,
    brand_by_code,
    brand_codes,
    login_by_name,
    places,
    signed_in,
    system_actor,
    system_of,
)

__all__ = [
    "BrandInfo",
    "Place",
    "SignedIn",
    "brand_by_code",
    "brand_codes",
    "login_by_name",
    "member",
    "members",
    "members_page",
    "places",
    "serves",
    "signed_in",
    "system_actor",
    "system_of",
]
