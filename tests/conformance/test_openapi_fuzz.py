"""The published API against the running hub: whatever is generated from it gets no 5xx.

Requests are generated from `schemas/openapi/hie.json`, right and wrong ones, with a fixed seed; each
answer must be one the document names, in the shape it states. The hub is served over a socket as
in operation, with its worker.
"""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hie.api.v1 import V1_ROUTES
from hie.intake.http import INTAKE_ROUTES
from hie.web import SHEET_ROUTES
from tests.fuzz.serving import CASE, RECEIVER, Served, serving
from tests.integration.test_road import TODAY

DOCUMENT = Path(__file__).parents[2] / "schemas" / "openapi" / "hie.json"
API = schemathesis.openapi.from_path(DOCUMENT)
OPERATIONS = [found.ok() for found in API.get_all_operations()]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MODES = list(schemathesis.GenerationMode)
CALM = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("fuzzed")
    with serving(folder) as found:
        yield found


def _close_to_real(case: Any, served: Served) -> None:
    """Name what exists, so that the request gets past the first refusals."""
    if case.path == "/intake/{site}":
        case.path_parameters = {"site": CASE.site}
        case.query = {"wait": "0"} if "wait" in (case.query or {}) else {}
    if case.path == "/v1/indicators":
        known = {key: case.query[key] for key in ("by", "days", "format") if key in case.query}
        case.query = {**known, "from": str(TODAY), "to": str(TODAY)}
    if case.path.startswith(("/v1/decisions/{id}/", "/v1/checks/{id}/notice")):
        real = served.check if "checks" in case.path else served.decision
        case.path_parameters = {**case.path_parameters, "id": real}
    body = case.body
    if isinstance(body, dict) and case.path == "/v1/order-check":
        body["receiver"] = {"institution": RECEIVER}
        for key in ("on", "as_known_at"):
            body.pop(key, None)
        if isinstance(body.get("orders"), list):
            body["orders"] = [{"ref": str(n), "item": "K"} for n, _ in enumerate(body["orders"])]
    if isinstance(body, dict) and case.path == "/v1/decisions":
        body["check"] = served.check
        for one in body.get("decisions") or ():
            if isinstance(one, dict):
                one |= {"ref": "1", "assessment": served.assessment}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_whatever_is_sent_is_answered_as_published(
    served: Served, operation: Any, mode: schemathesis.GenerationMode
) -> None:
    turn = itertools.count()

    @CALM
    @given(operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        if next(turn) % 2:
            _close_to_real(case, served)
        headers = served.sender if case.path.startswith("/intake") else served.receiver
        answer = case.call(base_url=served.url, headers=headers, timeout=20)
        case.validate_response(answer, checks=CHECKS)

    sent()


def test_the_document_names_every_route_of_its_doors_and_nothing_else() -> None:
    mounted = {
        (route.path, method)
        for route in (*V1_ROUTES, *SHEET_ROUTES, *INTAKE_ROUTES)
        for method in (route.methods or set()) - {"HEAD"}
    }
    paths = json.loads(DOCUMENT.read_text("utf-8"))["paths"]
    named = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    assert named == mounted


def test_every_schema_of_the_document_is_one() -> None:
    schemas = json.loads(DOCUMENT.read_text("utf-8"))["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)
