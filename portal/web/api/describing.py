"""What the OpenAPI document says of an operation: parameters, the body, every answer that may come (RFC 9457 problems too)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask_openapi3.models.header import Header
from flask_openapi3.models.media_type import MediaType
from flask_openapi3.models.operation import Operation
from flask_openapi3.models.parameter import Parameter
from flask_openapi3.models.request_body import RequestBody
from flask_openapi3.models.response import Response
from flask_openapi3.models.schema import Schema
from pydantic import BaseModel

from portal.web.api.problems import PROBLEM

if TYPE_CHECKING:
    from portal.web.api.operations import Api

# What the words of an address stand for.
PATHS = {
    "ref": ("A document's number; a draft has none and is named by its public id.", "PO2611-0001"),
    "number": ("A document's number.", "OP2611-0001"),
    "serial": ("A registered product's serial number.", "SN0000010001"),
    "part": ("A part's number.", "P1"),
    "position": ("A line's place on its document, from 1.", "1"),
    "photo": ("A photo's public id.", "6f1d0c2b7a9e4c5f8d3b2a1908f7e6d5"),
    "month": ("A month.", "2026-10"),
    "code": ("A dealer's code.", "D001"),
}
# What the portal's own page of the operations reads in the document beside its words.
NEEDS, SIDE = "x-needs", "x-side"  # permissions, one of which is needed; "hq", "dealer" or "" for both sides
ACT_KEY = (
    "A new one for each act; the same key with the same request shows the first reply again, for 7 days. "
    "A refusal (4xx) is kept by nobody: what was refused may be sent again with its key and is looked at anew."
)
_READS = (400, 401, 403, 404, 422, 429, 503)
_ACTS = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)


def describe(api: Api, method: str, rule: str, act: Callable[..., Any], takes: Any, *, gives: Any) -> None:
    """Enter an operation into its blueprint's part of the document."""
    binary = gives is bytes
    status = str(takes.status)
    answers: dict[str | int | HTTPStatus, Any] = {} if binary else {status: gives}
    api._collect_openapi_info(  # noqa: SLF001 - what its own get() and post() call; they also parse, which we do ourselves
        rule, act, summary=_summary(act), description=_description(act, takes), operation_id=f"{api.name[4:]}_{act.__name__}",
        responses=answers, method=inspect.cleandoc(method),
    )  # fmt: skip
    address = re.sub(r"<([^<:]+:)?", "{", f"{api.url_prefix}{rule}").replace(">", "}")
    operation: Operation = getattr(api.paths[address], method.lower())
    setattr(operation, NEEDS, [one.value for one in takes.needs])
    setattr(operation, SIDE, takes.side or "")
    operation.parameters = [*_path_parameters(rule), *(operation.parameters or []), *_headers(takes)]
    if takes.file is not None:
        operation.requestBody = _multipart(takes.body, takes.file)
    found = dict(operation.responses or {})
    if binary:
        found[status] = _answer("The file.", takes.kind, {"type": "string", "format": "binary"})
        found[status].headers = {
            "ETag": _header("The SHA-256 of its bytes, in quotation marks."),
            "X-Content-SHA256": _header("The same, bare."),
        }
    if takes.waits:
        found["202"] = Response(description="It is being made; ask again after so many seconds.")
        found["202"].headers = {"Retry-After": _header("Seconds.")}
    if takes.method == "GET":
        found["304"] = Response(description="It is still the version of If-None-Match.")
    for code in (*(_ACTS if takes.acts else _READS), *((412, 428) if takes.changes else ())):
        found[str(code)] = _answer(HTTPStatus(code).phrase, PROBLEM, {"$ref": "#/components/schemas/Problem"})
    operation.responses = found
    if takes.acts:
        found[status].headers = {"Idempotency-Replayed": _header("true when this is the first reply again.")}


def _summary(act: Callable[..., Any]) -> str:
    return (inspect.getdoc(act) or act.__name__).partition("\n")[0]


def _description(act: Callable[..., Any], takes: Any) -> str:
    lines = (inspect.getdoc(act) or "").partition("\n")[2].strip()
    needs = " or ".join(f"`{one.value}`" for one in takes.needs)
    return f"{lines}\n\nNeeds {needs}{_SIDES[takes.side]}.".strip()


_SIDES = {None: "", "hq": ", at headquarters", "dealer": ", at a dealer"}


def _path_parameters(rule: str) -> list[Parameter]:
    return [
        _parameter("path", name, *PATHS[name], True, most=60) for name in re.findall(r"<(?:[^<:>]+:)?([a-z_]+)>", rule)
    ]


def _headers(takes: Any) -> list[Parameter]:
    wanted = [("Accept-Language", "zh (the default) or en: the language of sentences.", "en", False)]
    if takes.acts:
        wanted.append(("Idempotency-Key", ACT_KEY, "4f0c2f6e-order-17", True))
    if takes.changes:
        wanted.append(("If-Match", "The ETag of the version that the caller saw.", '"3"', True))
    if takes.method == "GET":
        wanted.append(("If-None-Match", "The ETag of what the caller has.", '"3"', False))
    return [_parameter("header", *one, most=200) for one in wanted]


def _parameter(place: str, name: str, words: str, example: str, required: bool, *, most: int) -> Parameter:  # noqa: FBT001
    schema = {"type": "string", "minLength": 1, "maxLength": most}
    return Parameter.model_validate(
        {
            "name": name, "in": place, "required": required, "description": words, "example": example,
            "schema": Schema.model_validate(schema),
        }
    )  # fmt: skip


def _multipart(body: type[BaseModel] | None, name: str) -> RequestBody:
    """The fields of a form beside its file; in a form nothing is null, a field is there or it is not."""
    fields = {} if body is None else body.model_json_schema().get("properties", {})
    said = {field: _not_null(schema) for field, schema in fields.items()}
    sent = {
        "type": "object",
        "properties": {**said, name: {"type": "string", "format": "binary"}},
        "required": [name],
        "additionalProperties": False,
    }
    media = MediaType.model_validate({"schema": Schema.model_validate(sent)})
    return RequestBody(content={"multipart/form-data": media}, required=True)


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    return next((one for one in schema.get("anyOf", []) if one.get("type") != "null"), schema)


def _answer(words: str, kind: str, schema: dict[str, Any]) -> Response:
    media = MediaType.model_validate({"schema": Schema.model_validate(schema)})
    return Response(description=words, content={kind: media})


def _header(words: str) -> Header:
    return Header.model_validate({"description": words, "schema": {"type": "string"}})
