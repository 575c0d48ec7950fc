"""Photos' bytes for other programs: to whoever may see what they hang on (R1)."""

from __future__ import annotations

from portal.core.permissions import Permission as P
from portal.files import queries
from portal.files.schemas import PhotoQuery
from portal.web.api import Api, Call, File

api = Api("files", tag="old parts", words="Parts that were replaced in warranty: their numbers, photos and reviews.")


@api.reads("/photos/<photo>", P.OLD_PART_READ, gives=bytes, kind="image/jpeg")
def photo(call: Call, photo: str, query: PhotoQuery) -> File:
    """The stored JPEG, or its thumbnail of 240 pixels."""
    found = queries.photo(call.session, photo)
    return File(f"{photo}.jpg", lambda: queries.content(found, small=query.size == "240"))
