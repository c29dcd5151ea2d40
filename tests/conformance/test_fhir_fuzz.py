"""The FHIR door against its own OpenAPI document: nothing asked of it gets a 5xx, or a surprise.

The document is fetched from the hub that is asked. Requests are made from it, right and wrong ones,
half of them brought close to what is there; each answer must have a status, media type, headers and
shape that the document names. `python -m tests.fuzz` does the same for as long as one likes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hie.api import FHIR_ROUTES
from hie.api.openapi import document, offered
from hie.store.search.registry import PARAMETERS, RESULTS
from tests.conftest import DATABASES, _place
from tests.fuzz.serving import Served, serving
from tests.integration.fhir.support import PATIENT, observation

DOCUMENT = document(FHIR_ROUTES)
FHIR = {path: found for path, found in DOCUMENT["paths"].items() if path.startswith("/fhir")}
API = schemathesis.openapi.from_dict(DOCUMENT).include(path_regex="^/fhir")
OPERATIONS = [found.ok() for found in API.get_all_operations()]
METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = list(schemathesis.GenerationMode)
CALM = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# Values a search may be asked for: right for some kind of parameter, wrong for the others.
VALUES = st.sampled_from(
    [
        "K", "http://loinc.org|2823-3", "|", "||", "a|", "|a", "%", "_", "\\", "\\,", "a,b", ",", "$",
        "a$b", "2026", "ge2026-01-01", "eq2026-02-30", "sa0001", "ap9999-12-31T23:59:59Z", "-1",
        "1e400", "5.40", "lt5.4|http://unitsofmeasure.org|mmol/L", "ne", "Patient/x", "x/_history/1",
        "http://evil.example/x", "urn:uuid:x", "#a", "true", "maybe", "示例", "zs", "'; --", "*",
        "Observation:subject", "Patient:organization", "{{7*7}}", "%n%s", "a" * 300, " ", "\t",
    ]
)  # fmt: skip
MODIFIERS = st.sampled_from(
    ["", "", "", "", ":not", ":exact", ":contains", ":missing", ":in", ":below", ":text", ":of-type",
     ":identifier", ":Patient", ".name", ":x", ":iterate"]
)  # fmt: skip


@dataclass
class Asked:
    """A served hub, and the ids that are there."""

    served: Served
    known: dict[str, list[str]]


@pytest.fixture(scope="module", params=DATABASES)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("fuzzed")
    with _place(request, "postgres", folder) as place, serving(folder, place.url) as served:
        yield Asked(served, served.known())


def _near(case: Any, known: dict[str, list[str]], data: Any) -> None:
    """Bring a request close to what is there: a type and an id that are, words that mean something."""
    path = case.path_parameters or {}
    kind = data.draw(st.sampled_from(sorted(known))) if "type" in path else "Patient"
    if "type" in path:
        path["type"] = kind
    if "id" in path:
        path["id"] = data.draw(st.sampled_from(known[kind] or ["x"]))
    if "vid" in path:
        path["vid"] = "1"
    if "patient" in path:
        path["patient"] = known["Patient"][0]
    if case.path == "/fhir/{type}" and case.method != "POST":
        names = st.sampled_from([*sorted(PARAMETERS[kind]), *sorted(RESULTS), "_has:Observation:x"])
        found = data.draw(st.lists(st.tuples(names, MODIFIERS, VALUES), max_size=3))
        case.query = {name + modifier: value for name, modifier, value in found}
        if kind != "Patient" and data.draw(st.booleans()):
            case.query["patient"] = known["Patient"][0]
    if case.method in ("POST", "PUT") and case.path in ("/fhir/{type}", "/fhir/{type}/{id}"):
        case.headers = {**(case.headers or {}), "Content-Type": "application/fhir+json"}
        case.body = _bent(json.loads(observation(known["Patient"][0])), case.body, data)
        if kind == "Patient":
            case.body = _bent({**PATIENT}, case.body, data)
        if "id" in path and isinstance(case.body, dict):
            case.body["id"] = path["id"]


def _bent(tree: Any, strange: Any, data: Any) -> Any:
    """A sound resource with one of its elements replaced by something that was generated."""
    strange = strange.decode("latin-1") if isinstance(strange, bytes) else strange
    place, where = tree, data.draw(st.sampled_from(sorted(tree)))
    while isinstance(place[where], dict | list) and place[where] and data.draw(st.booleans()):
        place = place[where]
        where = 0 if isinstance(place, list) else data.draw(st.sampled_from(sorted(place)))
    place[where] = data.draw(
        st.sampled_from([strange, [strange], {"value": strange}, "", 0, [], {}])
    )
    return tree


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_whatever_is_asked_is_answered_as_published(
    asked: Asked, operation: Any, mode: schemathesis.GenerationMode
) -> None:
    @CALM
    @given(operation.as_strategy(generation_mode=mode), st.data())
    def sent(case: Any, data: Any) -> None:
        if data.draw(st.booleans()):
            _near(case, asked.known, data)
        answer = case.call(
            base_url=asked.served.url,
            headers=asked.served.writer,
            timeout=20,
            allow_redirects=False,
        )
        if answer.content or answer.status_code not in (200, 201):  # nothing was asked for back
            case.validate_response(answer, checks=CHECKS)

    sent()


def _filled(path: str) -> str:
    return re.sub(
        r"{(\w+)}", lambda found: {"type": "Patient", "vid": "1"}.get(found[1], "x"), path
    )


def test_a_method_an_address_does_not_have_is_405_and_the_others_are_named(asked: Asked) -> None:
    with httpx.Client(base_url=asked.served.url, headers=asked.served.writer) as client:
        for path, found in FHIR.items():
            there = {method.upper() for method in found}
            for method in METHODS:
                if method in there:
                    continue
                filled = (
                    path.replace("{type}", "Patient").replace("{id}", "x").replace("{vid}", "1")
                )
                answer = client.request(method, filled)
                assert answer.status_code == 405, (method, path)
                allowed = {one.strip() for one in answer.headers["allow"].split(",")}
                assert allowed - {"HEAD"} == there, (method, path)
                assert answer.json()["issue"][0]["code"] == "not-supported"


def test_without_a_token_everything_but_the_statement_is_401(asked: Asked) -> None:
    with httpx.Client(base_url=asked.served.url) as client:
        for path, found in FHIR.items():
            for method, one in found.items():
                answer = client.request(method, _filled(path))
                assert answer.status_code == (200 if one.get("security") == [] else 401), path
        assert client.get("/openapi.json").status_code == 401


def test_the_document_that_is_served_is_the_one_of_the_routes(asked: Asked) -> None:
    answer = httpx.get(f"{asked.served.url}/openapi.json", headers=asked.served.writer)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["paths"].keys() >= DOCUMENT["paths"].keys()
    assert {k: v for k, v in answer.json()["paths"].items() if k.startswith("/fhir")} == FHIR


def test_the_document_names_every_mounted_route_of_fhir_and_nothing_else() -> None:
    mounted = {(path, method) for path, method, _ in offered(FHIR_ROUTES)}
    assert len(mounted) > 40
    assert {(path, method.upper()) for path, found in FHIR.items() for method in found} == mounted
    ids = [one["operationId"] for found in DOCUMENT["paths"].values() for one in found.values()]
    assert len(ids) == len(set(ids))


def test_every_schema_and_reference_of_the_document_is_good() -> None:
    for found in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate(found)
    text = json.dumps(DOCUMENT)
    assert "../json-schema" not in text
    for one in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        place: Any = DOCUMENT
        for step in one.removeprefix("#/").split("/"):
            place = place[step]


def test_every_search_parameter_is_in_the_document() -> None:
    named = {one.get("name") for one in FHIR["/fhir/{type}"]["get"]["parameters"]}
    for known in PARAMETERS.values():
        assert set(known) <= named
