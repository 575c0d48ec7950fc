"""The OpenAPI 3.1 document at /api/v1/openapi.json, with an example for every request and answer."""

from __future__ import annotations

import json
from typing import Any, cast

from flask import Blueprint, Response, current_app
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from portal.web.api.problems import BY_STATUS, PROBLEM
from portal.web.auth import public

blueprint = Blueprint("api_document", __name__, url_prefix="/api/v1")

INFO = Info(
    title="The dealer portal",
    version="1",
    description=(
        "Everything that the pages do, for other programs. Send `Authorization: Bearer …` with a token of your place "
        "(page “API tokens”, or `portal token create`). Money is a string of yuan with two decimals, days are ISO, instants "
        "RFC 3339. Acts are POSTs with an `Idempotency-Key`, whose reply is shown again for 7 days; a refusal is not kept, and what "
        "was refused may be sent again with its key. Documents carry an `ETag`, and acts that change one ask for `If-Match`; a "
        "top-up is never changed, only reversed once, and has none. Papers are their bytes with their SHA-256 as `ETag`. Lists answer `items` and `next`, the `cursor` of the next page. Problems are RFC 9457."
    ),
)
SECURITY: dict[str, Any] = {"bearer": {"type": "http", "scheme": "bearer", "description": "A token of a place."}}

# Examples by the field's name, where its type says too little.
_BY_NAME = {
    "dealer": "D001", "dealer_code": "D001", "dealer_name": "Fuzhou Hengda", "number": "PO2611-0001", "ref": "PO2611-0001", "part": "P1",
    "name": "Inlet valve", "part_name": "Inlet valve", "unit": "pc", "spec": "quiet", "serial": "SN0000010001", "model": "M-100",
    "code": "F01", "fault": "F01", "carrier": "Deppon", "tracking": "DPK1", "reason": "The count was wrong.", "old_part": "OP2611-0001",
    "claim": "RC2610-0001", "order": "PO2611-0001", "shipment": "SH2611-0001", "region": "Fuzhou", "item": "Visit", "version": "202607",
    "bank_reference": "BK20261101-7", "by": "Zhou", "journal": "JV2611-000001", "answer": "The photo of the nameplate is there now.",
}  # fmt: skip
_BY_FORMAT = {"date": "2026-11-03", "date-time": "2026-11-03T10:00:00+08:00", "binary": "(bytes)"}


def document() -> dict[str, Any]:
    """The whole document, made once per application."""
    app = cast("OpenAPI", current_app)
    known: dict[str, Any] | None = app.extensions.get("portal_openapi")
    if known is None:
        known = app.api_doc
        _add_examples(known)
        app.extensions["portal_openapi"] = known
    return known


@blueprint.get("/openapi.json")
@public
def openapi() -> Response:
    """The document; it says nothing that needs a token."""
    response = Response(json.dumps(document(), ensure_ascii=False), content_type="application/json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _add_examples(whole: dict[str, Any]) -> None:
    schemas = whole["components"]["schemas"]
    for item in whole["paths"].values():
        for operation in item.values():
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            for answered in (*bodies, *operation["responses"].values()):
                for kind, media in answered.get("content", {}).items():
                    media.setdefault("example", example(media["schema"], schemas) if kind != PROBLEM else None)
            for status, answered in operation["responses"].items():
                if PROBLEM in answered.get("content", {}):
                    answered["content"][PROBLEM]["example"] = _problem(status, answered["description"])


def _problem(status: str, phrase: str) -> dict[str, Any]:
    code = {
        "409": "wrong-state",
        "412": "version-stale",
        "422": "invalid",
        "428": "version-needed",
        "429": "too-many-calls",
    }.get(status, BY_STATUS.get(int(status), "unreadable"))
    said: dict[str, Any] = {
        "type": f"urn:portal:problem:{code}", "title": phrase, "status": int(status), "code": code,
        "detail": "A sentence that says what was wrong and what to do.", "instance": "/api/v1/orders",
    }  # fmt: skip
    if status == "422":
        said["errors"] = [{"field": "lines.0.quantity", "detail": "It must lie between 1 and 9999."}]
    return said


def example(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """A value that fits ``schema``: the field's own example, or one made from its type and name."""
    if "example" in schema:
        return schema["example"]
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if "allOf" in schema:
        return {key: value for part in schema["allOf"] for key, value in example(part, schemas, name).items()}
    for choice in schema.get("anyOf", schema.get("oneOf", [])):
        return example(choice, schemas, name)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    return _of_type(schema, schemas, name)


def _of_type(schema: dict[str, Any], schemas: dict[str, Any], name: str) -> Any:
    match schema.get("type"):
        case "object":
            return {key: example(value, schemas, key) for key, value in schema.get("properties", {}).items()}
        case "array":
            return [example(schema["items"], schemas, name.removesuffix("s"))]
        case "integer":
            return int(max(schema.get("minimum", 1), 1))
        case "boolean":
            return True
        case "number":
            return 1
        case _:
            return _BY_FORMAT.get(schema.get("format", ""), _BY_NAME.get(name, "text"))
