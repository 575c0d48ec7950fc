"""The OpenAPI document: 3.1, whole, with examples that are what the operations take and give."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from flask import Flask

from portal.web.api.document import document


@pytest.fixture(scope="module")
def whole(app: Flask) -> dict[str, Any]:
    with app.test_request_context():
        return document()


def test_the_document_is_open_to_read_and_names_every_operation_once(app: Flask, whole: dict[str, Any]) -> None:
    answer = app.test_client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json() == whole
    assert whole["openapi"].startswith("3.1.")
    assert whole["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    names = [operation["operationId"] for item in whole["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    assert all(
        operation["security"] == [{"bearer": []}] for item in whole["paths"].values() for operation in item.values()
    )


def test_every_act_says_that_it_needs_a_key_and_every_answer_that_may_come(whole: dict[str, Any]) -> None:
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            asked = {one["name"] for one in operation["parameters"] if one["in"] == "header" and one["required"]}
            codes = set(operation["responses"])
            assert {"400", "401", "403", "404", "422", "429", "503"} <= codes, path
            if method == "post":
                assert "Idempotency-Key" in asked, path
                assert {"409", "413", "415"} <= codes, path
                assert ("If-Match" in asked) == ({"412", "428"} <= codes), path


def test_every_example_is_what_its_schema_asks_for(whole: dict[str, Any]) -> None:
    wrong = {}
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                for kind, media in part.get("content", {}).items():
                    if kind.startswith(("multipart", "image")):
                        continue
                    schema = {**media["schema"], "components": whole["components"]}
                    errors = list(jsonschema_rs.Draft202012Validator(schema).iter_errors(media["example"]))
                    if errors:
                        wrong[method, path, kind] = errors[0].message
    assert wrong == {}


def test_no_field_is_an_internal_id(whole: dict[str, Any]) -> None:
    fields = {
        field
        for name, schema in whole["components"]["schemas"].items()
        for field in schema.get("properties", {})
    }  # fmt: skip
    assert [field for field in sorted(fields) if field == "id" or field.endswith("_id")] == []
