"""A hospital's system that calls the CDS services of a running hub, with tokens it really signs.

The hub has the example's results of Beijing; the caller is a HIS in Shijiazhuang. All are invented.
"""

import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir import identifier_system
from tests.integration.test_doors import _client, _settings
from tests.integration.test_road import _packed, add_sites, linked
from tests.integration.two_hospitals import CASE, TEXT
from tests.places import prepared
from tests.treated import treats_everybody
from tests.unit.access.tokens import Private, ec_key, jwk_of, signed

ASKED = json.loads(CASE.order_check)
RECEIVER = ASKED["receiver"]["institution"]
ISSUER = "https://his.sj.example/cds"
PATIENT_ID = "his-pat-4711"  # the caller's own id, which is nobody's here
ITEM = "https://hie.example/fhir/CodeSystem/item"
LOINC = "http://loinc.org"


@dataclass
class Cds:
    """The hub, and one registered client with its key."""

    hub: Hub
    http: httpx.AsyncClient
    key: Private
    algorithm: str = "ES384"
    issuer: str = ISSUER
    kid: str = "c1"

    def token(self, path: str, **changes: Any) -> str:
        """A token for one call."""
        now = int(time.time())
        address = "" if "aud" in changes else self.hub.settings.address
        claims: dict[str, Any] = {"iss": self.issuer, "aud": f"{address}{path}", "iat": now}
        claims |= {"exp": now + 120, "jti": str(uuid.uuid4())} | changes
        header = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        return signed(header, claims, self.key, self.algorithm)

    async def post(
        self, path: str, body: Any, token: str | None = None, **headers: str
    ) -> httpx.Response:
        """What the hub answers to a body sent to one of its CDS addresses."""
        given = {"Authorization": f"Bearer {token or self.token(path)}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json;charset=utf-8", "Accept": "application/json"}
        return await self.http.post(path, content=content, headers=given | kind | headers)

    async def call(self, service: str, body: Any, **headers: str) -> httpx.Response:
        """What a service answers."""
        return await self.post(f"/cds-services/{service}", body, **headers)

    async def cards(self, service: str, body: Any, **headers: str) -> list[dict[str, Any]]:
        """The cards of an answer."""
        answer = await self.call(service, body, **headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["cards"]
        return found

    async def log(self, columns: str = "type, reason, detail") -> list[tuple[Any, ...]]:
        """The audit log, oldest first."""
        async with self.hub.db.reading() as reader:
            rows = await reader.fetch(f"SELECT {columns} FROM audit_access ORDER BY at_us, n")  # noqa: S608
        return [tuple(row) for row in rows]

    async def kept(self) -> list[tuple[Any, ...]]:
        """The cards that were kept: id, check, ref, service, client, suggestions."""
        async with self.hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT id, check_id, ref, service, client, suggestions FROM cds_card ORDER BY at_us"
            )
        return [tuple(row) for row in rows]


async def registered(
    hub: Hub,
    http: httpx.AsyncClient,
    name: str = "his-cds",
    *,
    key: Private | None = None,
    algorithm: str = "ES384",
    institution: str = RECEIVER,
    issuer: str = ISSUER,
    scopes: Iterable[str] = ("hie/order-check", "hie/decide"),
    **more: Any,
) -> Cds:
    """A HIS that is registered as a CDS Hooks client."""
    private = key or ec_key("P-384", 71)
    asked: dict[str, Any] = {
        "client": name,
        "institution": institution,
        "name": name,
        "cds_issuer": issuer,
    }
    asked |= {"key": jwk_of(private, kid="c1", alg=algorithm), "scopes": list(scopes)}
    await run(hub, "client-add", asked | {"purposes": ["TREAT"]} | more)
    return Cds(hub, http, private, algorithm, issuer)


@asynccontextmanager
async def region(place: Any, tmp_path: Path, **settings: Any) -> AsyncIterator[Cds]:
    """The hub with the example's results, and the HIS."""
    await prepared(place, _filled)
    async with opened(_settings(place, **settings)) as hub, _client(hub) as http:
        linked(tmp_path)
        yield await registered(hub, http)


async def _filled(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await add_sites(hub)
        packed = _packed(TEXT.encode())
        await run(hub, "receive", {"site": CASE.site, "files": [packed]})
        await treats_everybody(hub, RECEIVER)


def patient(**changes: Any) -> dict[str, Any]:
    """The patient as the HIS has them in its own server."""
    asked = ASKED["patient"]
    number = asked["identifiers"][0]["value"]
    tree = {
        "resourceType": "Patient",
        "id": PATIENT_ID,
        "identifier": [
            {"system": "urn:his.sj.example:mrn", "value": "00012345"},
            {"system": identifier_system("resident-id"), "value": number},
        ],
        "name": [{"use": "official", "text": asked["name"]}],
        "gender": asked["sex"],
        "birthDate": asked["birth_date"],
    }
    return {key: value for key, value in (tree | changes).items() if value is not None}


def encounter(code: str = "AMB", **changes: Any) -> dict[str, Any]:
    """The visit in which the hook is called."""
    return {
        "resourceType": "Encounter",
        "id": "his-enc-1",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
    } | changes


def draft(key: str | None, *codes: tuple[str | None, str], **changes: Any) -> dict[str, Any]:
    """A draft ServiceRequest of these (system, code)."""
    coding = [{"code": code, **({"system": system} if system else {})} for system, code in codes]
    tree: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        **({"id": key} if key else {}),
        "status": "draft",
        "intent": "order",
        "code": {"coding": coding},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
    }
    return tree | changes


POTASSIUM = draft("sr-k", (ITEM, "K"))
CREATININE = draft("sr-cre", (LOINC, "14682-9"))
HBA1C = draft("sr-a1c", (ITEM, "HBA1C"))  # of which nothing is known
MEDICINE = {"resourceType": "MedicationRequest", "id": "med-1", "status": "draft"}


def call_of(
    hook: str,
    *drafts: Mapping[str, Any],
    prefetch: Mapping[str, Any] | None = None,
    selections: list[str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A hook as it is sent: with the patient and the encounter prefetched unless said otherwise."""
    context: dict[str, Any] = {"userId": "Practitioner/D0117", "patientId": PATIENT_ID}
    if hook != "patient-view":
        entries = [{"resource": one} for one in drafts]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if hook == "order-select":
        named = [f"{one['resourceType']}/{one['id']}" for one in drafts]
        context["selections"] = named if selections is None else selections
    body: dict[str, Any] = {
        "hook": hook,
        "hookInstance": str(uuid.uuid4()),
        "context": context | {"encounterId": "his-enc-1"},
        "prefetch": {"patient": patient(), "encounter": encounter()}
        if prefetch is None
        else dict(prefetch),
    }
    return {key: value for key, value in (body | changes).items() if value is not None}


def sign(*drafts: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """An order-sign of these drafts."""
    return call_of("order-sign", *drafts, **changes)


def outcome_of(answer: httpx.Response, status: int) -> list[dict[str, Any]]:
    """The issues of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    tree = answer.json()
    assert tree["resourceType"] == "OperationOutcome"
    found: list[dict[str, Any]] = tree["issue"]
    return found


def places_of(answer: httpx.Response, status: int) -> dict[str, str]:
    """The places a refusal names, each with what is said of it."""
    return {one["expression"][0]: one["diagnostics"] for one in outcome_of(answer, status)}
