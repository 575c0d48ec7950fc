"""AP1: schemathesis over the whole document as a dealer, headquarters and a foreign brand: no 5xx, no undocumented answer.

Bounded and derandomized: the same calls on every run. Half of them name real documents of the victim's, with a version that
passes, so that bodies meet the actions and not only the parser.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.web.api.document import document
from tests.api.calling import token_of
from tests.api.test_rivals import _rivals, address, victim, whole
from tests.factories.world import World

__all__ = ["victim"]

EXAMPLES = int(os.environ.get("PORTAL_API_EXAMPLES", "3"))  # of each operation, token and mode
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance, response_headers_conformance,
]  # fmt: skip
FEW = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def whole_document(app: Flask) -> dict[str, Any]:
    with app.test_request_context():
        return document()


@pytest.fixture(scope="module")
def tokens(app: Flask, victim: tuple[World, dict[str, str]]) -> dict[str, str]:
    world = victim[0]
    foreign = next((actor, maker) for who, actor, maker in _rivals() if "headquarters" in who)
    return {
        "dealer": token_of(world, whole(world.d1.manager, world)),
        "hq": token_of(world, whole(world.hq.finance2, world)),
        "foreign": token_of(foreign[1], foreign[0]),
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("who", ["dealer", "hq", "foreign"])
def test_AP1_whatever_is_sent_the_answer_is_documented(
    app: Flask,
    victim: tuple[World, dict[str, str]],
    tokens: dict[str, str],
    whole_document: dict[str, Any],
    who: str,
    mode: GenerationMode,
) -> None:
    schema = schemathesis.openapi.from_dict(whole_document)
    schema.app = app
    wrong, codes = {}, Counter()
    for result in schema.get_all_operations():
        operation = result.ok()
        try:
            codes += _tried(operation, mode, tokens[who], victim[1])
        except Exception as error:  # noqa: BLE001 - all operations are tried, then all failures are told
            wrong[operation.label] = str(error)
    assert wrong == {}
    assert sum(codes.values()) >= 100
    if mode is GenerationMode.POSITIVE and who != "foreign":
        assert codes[200] > 20, codes  # the bodies do meet the actions


def _tried(operation: Any, mode: GenerationMode, token: str, found: dict[str, str]) -> Counter[int]:
    """Some calls of one operation, each answered as the document says; how often with which status."""
    path, keys, codes = operation.path.removeprefix("/api/v1"), itertools.count(1), Counter[int]()
    where, words = address(path, found)[0].split("/"), path.split("/")
    named = {word[1:-1]: value for word, value in zip(words, where, strict=True) if word.startswith("{")}

    @FEW
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def calls(case: Any, real: bool) -> None:
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": f"{operation.label} {mode.value} {next(keys)}",
        }
        if real and named:
            case.path_parameters = dict(named)
        if real:
            headers["If-Match"] = "*"
        response = case.call(headers=headers, base_url="http://localhost")
        strict = mode is GenerationMode.NEGATIVE and not real
        case.validate_response(
            response, checks=[*CHECKS, negative_data_rejection] if strict else CHECKS, headers=headers
        )
        codes[response.status_code] += 1

    calls()
    return codes


def test_AP1_control_an_undocumented_answer_is_found(
    app: Flask, victim: tuple[World, dict[str, str]], tokens: dict[str, str], whole_document: dict[str, Any]
) -> None:
    """Without 200 in the document of one list the same check fails."""
    import copy

    from schemathesis.core.failures import FailureGroup

    changed = copy.deepcopy(whole_document)
    del changed["paths"]["/api/v1/orders"]["get"]["responses"]["200"]
    schema = schemathesis.openapi.from_dict(changed)
    schema.app = app
    case = schema["/api/v1/orders"]["GET"].Case()
    response = case.call(headers={"Authorization": f"Bearer {tokens['dealer']}"}, base_url="http://localhost")
    assert response.status_code == 200
    with pytest.raises(FailureGroup):
        case.validate_response(response, checks=CHECKS)
