"""The CapabilityStatement says what is so: all that it names is answered, and nothing else.

Each interaction, search parameter, include and operation that it names is tried; 404, 405 and 501
would be lies. What it does not name is refused.
"""

from pathlib import Path
from typing import Any

import pytest

from hie import RELEASED
from hie.fhir.profile import check
from hie.fhir.search.definitions import Kind, Parameter
from hie.store.search.registry import BOUND, INDEXED, PARAMETERS
from tests.integration.fhir.hostile import Field, hostile_field
from tests.integration.fhir.minimal import minimal

pytestmark = pytest.mark.anyio
VALUES = {
    Kind.TOKEN: "x", Kind.DATE: "2026-06-01", Kind.STRING: "x", Kind.QUANTITY: "5.1",
    Kind.NUMBER: "1", Kind.URI: "urn:x", Kind.SPECIAL: "1.0|1.0|1|km",
}  # fmt: skip
LOGGED = "AuditEvent"


async def _statement(field: Field) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    answer = await field.client.get("/fhir/metadata", headers={"Authorization": ""})
    assert answer.status_code == 200
    told = answer.json()
    return told, {one["type"]: one for one in told["rest"][0]["resource"]}


async def _made(field: Field, kind: str) -> str:
    tree = minimal(kind, f"Patient/{field.patient}")
    made = await field.client.post(f"/fhir/{kind}", json=tree)
    assert made.status_code == 201, (kind, made.text)
    return str(made.json()["id"])


async def test_the_statement_is_sound_and_complete(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        told, kinds = await _statement(field)
        assert check(told) == []
        assert set(kinds) == {*PARAMETERS, LOGGED}
        assert told["date"] == told["software"]["releaseDate"] == RELEASED
        assert told["fhirVersion"] == "4.0.1"
        assert told["implementation"]["url"].endswith("/fhir")
        rest = told["rest"][0]
        assert {one["code"] for one in rest["interaction"]} == {"batch", "transaction"}
        assert {"_id", "_lastUpdated", "_count", "_sort"} <= {
            one["name"] for one in rest["searchParam"]
        }
        uris = rest["security"]["extension"][0]["extension"]
        token = next(one["valueUri"] for one in uris if one["url"] == "token")
        assert (await field.client.post(token)).status_code in (400, 401)
        assert all(one["documentation"] for kind, one in kinds.items() if kind != LOGGED)


async def test_every_interaction_that_is_named_is_done(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        _, kinds = await _statement(field)
        client = field.client
        for kind, one in kinds.items():
            named = {interaction["code"] for interaction in one["interaction"]}
            if kind == LOGGED:
                assert named == {"read", "search-type"}
                continue
            key = await _made(field, kind)
            at, found = f"/fhir/{kind}/{key}", []
            for code in ("read", "vread", "history-instance", "history-type", "search-type"):
                path = {
                    "read": at,
                    "vread": f"{at}/_history/1",
                    "history-instance": f"{at}/_history",
                    "history-type": f"/fhir/{kind}/_history?_count=1",
                    "search-type": f"/fhir/{kind}?_id={key}",
                }[code]
                answer = await client.get(path)
                assert answer.status_code == 200, (kind, code, answer.text)
                found.append(code)
            tree = {**minimal(kind, f"Patient/{field.patient}"), "id": key, "language": "zh"}
            assert (await client.put(at, json=tree)).status_code == 200, kind
            patch = {"language": None}
            merge = {"Content-Type": "application/merge-patch+json"}
            assert (await client.patch(at, json=patch, headers=merge)).status_code == 200, kind
            condition = {"If-None-Exist": f"_id={key}"}
            del tree["id"]
            again = await client.post(f"/fhir/{kind}", json=tree, headers=condition)
            assert again.status_code == 200, (kind, again.text)
            assert (await client.put(f"/fhir/{kind}?_id={key}", json=tree)).status_code == 200, kind
            tag = (await client.get(at)).headers["etag"]
            assert (await client.get(at, headers={"If-None-Match": tag})).status_code == 304, kind
            assert (await client.delete(f"/fhir/{kind}?_id={key}")).status_code == 204, kind
            assert (await client.get(at)).status_code == 410, kind
            found += ["create", "update", "patch", "delete"]
            assert named == set(found), kind


def _value(parameter: Parameter) -> str:
    if parameter.kind is Kind.REFERENCE:
        about = "Patient" in parameter.targets or not parameter.targets
        return f"{'Patient' if about else min(parameter.targets)}/x"
    if parameter.kind is Kind.COMPOSITE:
        return "$".join(VALUES.get(part.kind, "Patient/x") for part in parameter.parts)
    return VALUES[parameter.kind]


async def test_every_search_parameter_that_is_named_is_answered(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        _, kinds = await _statement(field)
        for kind, one in kinds.items():
            if kind == LOGGED:
                continue
            beside = f"patient={field.patient}" if kind in BOUND else "_id=x"
            for parameter in one["searchParam"]:
                name = parameter["name"]
                value = _value(PARAMETERS[kind][name])
                single = name in INDEXED[kind] & {"patient", "subject"}
                query = f"{name}={value}" if single else f"{beside}&{name}={value}"
                answer = await field.client.get(f"/fhir/{kind}?{query}")
                assert answer.status_code == 200, (kind, query, answer.text)
                assert f"{name}=" in answer.json()["link"][0]["url"]


async def test_every_include_that_is_named_is_followed(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        _, kinds = await _statement(field)
        for kind, one in kinds.items():
            forth = [("_include", name) for name in one.get("searchInclude", ())]
            back = [("_revinclude", name) for name in one.get("searchRevInclude", ())]
            for name, value in forth + back:
                answer = await field.client.get(f"/fhir/{kind}?_id=x&{name}={value}")
                assert answer.status_code == 200, (kind, name, value, answer.text)


async def test_every_operation_that_is_named_is_there(place: Any, tmp_path: Path) -> None:
    """It is answered, or asks for what it needs: never 404 for its address, 405 or 501."""
    async with hostile_field(place, tmp_path, "hie/order-check") as field:
        told, kinds = await _statement(field)
        for kind, one in kinds.items():
            names = [operation["name"] for operation in one.get("operation", ())]
            assert len(names) == len(set(names))
            for name in names:
                statuses = []
                for path in (f"/fhir/{kind}/${name}", f"/fhir/{kind}/{field.patient}/${name}"):
                    parameters = {"resourceType": "Parameters"}
                    statuses.append((await field.client.get(path)).status_code)
                    statuses.append((await field.client.post(path, json=parameters)).status_code)
                assert set(statuses) - {404, 405, 501} or kind != "Patient", (kind, name, statuses)
                assert 501 not in statuses
                assert set(statuses) != {405}
        assert all("definition" in o for one in kinds.values() for o in one.get("operation", ()))
        for one in told["rest"][0].get("operation", ()):
            answer = await field.client.get(f"/fhir/${one['name']}")
            assert answer.status_code not in (404, 501)


async def test_what_is_not_named_is_refused(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        _, kinds = await _statement(field)
        for kind in ("Account", "Medication", "OperationOutcome", "Parameters", "Patients"):
            if kind not in kinds:
                assert (await field.client.get(f"/fhir/{kind}/x")).status_code == 404
                assert (await field.client.get(f"/fhir/{kind}")).status_code == 404
                made = await field.client.post(f"/fhir/{kind}", json={"resourceType": kind})
                assert made.status_code == 404
        every = {name for known in PARAMETERS.values() for name in known}
        for kind in kinds:
            for name in sorted(every - {one["name"] for one in kinds[kind]["searchParam"]})[:40]:
                answer = await field.client.get(f"/fhir/{kind}?_id=x&{name}=x")
                assert answer.status_code in (400, 403), (kind, name, answer.text)
        for method in ("PUT", "PATCH", "DELETE", "POST"):
            answer = await field.client.request(
                method, f"/fhir/{LOGGED}/x", json={"resourceType": LOGGED}
            )
            assert answer.status_code in (403, 404, 405), method
        for path in ("/fhir/Observation/$everything", "/fhir/Patient/x/$lastn", "/fhir/$nothing"):
            assert (await field.client.get(path)).status_code in (400, 404, 405), path
        assert (await field.client.get("/fhir/_history")).status_code == 403


async def test_the_statement_is_shaped_kept_and_dated(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        whole = await field.client.get("/fhir/metadata")
        assert whole.headers["cache-control"].startswith("public")
        known = {"If-None-Match": whole.headers["etag"]}
        assert (await field.client.get("/fhir/metadata", headers=known)).status_code == 304
        short = (await field.client.get("/fhir/metadata?_summary=true")).json()
        assert "rest" in short or short["meta"]["tag"][0]["code"] == "SUBSETTED"
        some = (await field.client.get("/fhir/metadata?_elements=software")).json()
        assert set(some) < set(whole.json()) | {"meta"}
        for query in ("mode=full", "mode=normative", "_format=json", "_pretty=true"):
            assert (await field.client.get(f"/fhir/metadata?{query}")).status_code == 200
        for query in ("mode=x", "mode=", "x=1", "mode=full&mode=full"):
            assert (await field.client.get(f"/fhir/metadata?{query}")).status_code == 400
        assert (await field.client.get("/fhir/metadata?_format=xml")).status_code == 406


async def test_smart_configuration_stands_below_the_base(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        for path in ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"):
            told = await field.client.get(path, headers={"Authorization": ""})
            assert told.status_code == 200
            assert told.json()["token_endpoint"].endswith("/oauth/token")
