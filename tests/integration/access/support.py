"""Three hospitals, a clinician, and patients she may or may not see: all people are invented.

Hospital A treats P1, P3, P4, P5 and P6; P2 has a record there and no visit. Everybody has a record
and results in A and in B, P6 in C too. Each result carries words of its own, a canary: they must
turn up nowhere but where the result may be seen.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from hie.access.actor import Purpose
from hie.access.mint import Grant
from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir import identifier_system
from hie.oauth.token_answer import token_answer
from hie.store import clients
from hie.synthetic.institutions import BEIJING, SHIJIAZHUANG, TIANJIN
from hie.synthetic.people import resident_number
from tests.integration.fhir.support import headers_of, writer
from tests.integration.test_doors import _client, _settings
from tests.integration.test_road import add_sites, linked
from tests.places import prepared

INSTITUTIONS = {"a": BEIJING.code, "b": TIANJIN.code, "c": SHIJIAZHUANG.code}
VIEWED = {"P1": "ab", "P2": "ab", "P3": "ab", "P4": "ab", "P5": "ab", "P6": "abc"}
TREATED = ("P1", "P3", "P4", "P5", "P6")  # by A
HIV = "http://loinc.org|75622-1"
_OF_STAFF = ("user/*.rs", "hie/order-check", "hie/decide")
NOT_THERE = "AAAAAAAAAAAAAAAAAAAAAA"  # an id of the hub's shape that nothing has


@dataclass
class Written:
    """The ids of what a region was filled with."""

    patients: dict[str, str]
    results: dict[str, str]
    encounters: dict[str, str]
    accounts: dict[str, str]


Filling = Callable[[Any], Awaitable[Written]]


@dataclass
class Region:
    """A hub with its hospitals' systems; `patients` and `results` by name and hospital."""

    hub: Hub
    client: httpx.AsyncClient
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    patients: dict[str, str] = field(default_factory=dict)  # "P1a" -> id
    results: dict[str, str] = field(default_factory=dict)
    encounters: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)  # of `person`

    def written(self) -> Written:
        """What is in it, without the hub."""
        return Written(self.patients, self.results, self.encounters, self.accounts)

    def canary(self, place: str) -> str:
        """The words of one patient's result at one hospital."""
        return f"canary-{place}-{self.results[place][:6]}"

    async def get(self, url: str, who: str, **headers: str) -> httpx.Response:
        """What a caller is answered."""
        return await self.client.get(f"/fhir/{url}", headers={**self.headers[who], **headers})

    async def post(self, url: str, who: str, tree: Any, **headers: str) -> httpx.Response:
        """What a caller is answered who writes."""
        return await self.client.post(
            f"/fhir/{url}", headers={**self.headers[who], **headers}, json=tree
        )

    async def put(self, url: str, who: str, tree: Any, **headers: str) -> httpx.Response:
        """What a caller is answered who changes."""
        return await self.client.put(
            f"/fhir/{url}", headers={**self.headers[who], **headers}, json=tree
        )

    async def made(self, who: str, tree: dict[str, Any]) -> str:
        """The id of a resource that a hospital writes."""
        answer = await self.post(tree["resourceType"], who, tree)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def person(self, name: str, who: str, role: str = "clinician", **more: Any) -> None:
        """Let a member of a hospital's staff call by an app of the hospital."""
        code = INSTITUTIONS[who]
        asked = {
            "login": name,
            "name": f"示例{name}",
            "role": role,
            "institution": code,
            "password": "a long pass phrase",
        }
        account = str((await run(self.hub, "user-add", asked))["id"])
        async with self.hub.db.unit() as unit:
            if await clients.find(unit, f"app-{who}") is None:
                await clients.add(
                    unit,
                    client=f"app-{who}",
                    institution=code,
                    name="app",
                    jwks={"keys": []},
                    scopes=_OF_STAFF,
                    purposes=("TREAT", "ETREAT"),
                    now_us=1,
                )
        self.accounts[name] = account
        self.headers[name] = self.headers_of_person(account, who, role, **more)

    def headers_of_person(self, account: str, who: str, role: str, **more: Any) -> dict[str, str]:
        """How a member of a hospital's staff calls by an app of the hospital."""
        entrance = self.hub.entrance
        grant = Grant(
            **{
                "issuer": entrance.issuer,
                "audience": entrance.audience,
                "client": f"app-{who}",
                "institution": INSTITUTIONS[who],
                "purpose": Purpose.TREATMENT,
                "scopes": _OF_STAFF,
                "subject": account,
                "role": role,
                **more,
            }
        )
        token = token_answer(entrance, grant, secrets.token_hex(16))["access_token"]
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}

    async def last_audit(self) -> tuple[str, str | None]:
        """Outcome and reason of the last thing that was recorded."""
        async with self.hub.db.reading() as reader:
            row = await reader.fetchrow(
                "SELECT outcome, reason FROM audit_access ORDER BY at_us DESC, n DESC LIMIT 1"
            )
        return row[0], row[1]


async def sees(found: Region, who: str, place: str) -> bool:
    """Whether somebody reads a result; what they may not is answered as what is not there."""
    answer = await found.get(f"Observation/{found.results[place]}", who)
    if answer.status_code == 200:
        assert found.canary(place) in answer.text
        return True
    absent = await found.get(f"Observation/{NOT_THERE}", who)
    assert (answer.status_code, answer.text) == (404, absent.text)
    assert absent.status_code == 404
    return False


@asynccontextmanager
async def region(
    place: Any, tmp_path: Path, fill: Filling | None = None, **settings: Any
) -> AsyncIterator[Region]:
    """The hub with its hospitals, patients, visits and results; `fill` has more of them."""
    written = await prepared(place, fill or filled)
    async with opened(_settings(place, **settings)) as hub, _client(hub) as client:
        linked(tmp_path)
        found = Region(hub, client, {}, written.patients, written.results, written.encounters)
        for who in INSTITUTIONS:
            found.headers[who] = await headers_of(hub, f"his-{who}")
        found.headers["a1"] = found.headers_of_person(written.accounts["a1"], "a", "clinician")
        yield found


async def filled(place: Any) -> Written:
    """What every region begins with."""
    async with filling(place) as found:
        pass
    return found.written()


@asynccontextmanager
async def filling(place: Any) -> AsyncIterator[Region]:
    """A region that is written for the first time."""
    async with opened(_settings(place)) as hub, _client(hub) as client:
        await add_sites(hub)
        found = Region(hub, client)
        for who, institution in INSTITUTIONS.items():
            found.headers[who] = await writer(hub, f"his-{who}", institution, "hie/order-check")
        for number, (name, hospitals) in enumerate(VIEWED.items()):
            for who in hospitals:
                patient = await found.made(who, patient_of(name, who, number))
                found.patients[f"{name}{who}"] = patient
        for name in TREATED:
            visit = encounter_of(found.patients[f"{name}a"])
            found.encounters[name] = await found.made("a", visit)
        for place_, patient in found.patients.items():
            await _give_results(found, place_, patient)
        await found.person("a1", "a")
        yield found


async def _give_results(found: Region, place: str, patient: str) -> None:
    tree = result_of(patient, f"{place}-1")
    found.results[place] = await found.made(place[-1], tree)
    kept = {**tree, "id": found.results[place], "note": [{"text": found.canary(place)}]}
    answer = await found.put(f"Observation/{found.results[place]}", place[-1], kept)
    assert answer.status_code == 200, answer.text


def patient_of(name: str, who: str, number: int) -> dict[str, Any]:
    """A person's record at one hospital: one resident number everywhere."""
    born = date(1960 + number, 3, 4)
    return {
        "resourceType": "Patient",
        "identifier": [
            {"system": f"urn:his:{who}", "value": f"{who}-{name}"},
            {
                "system": identifier_system("resident-id"),
                "value": resident_number("110199", born, 2 * number + 1),
            },
        ],
        "name": [{"text": f"示例{name}"}],
        "gender": "male",
        "birthDate": born.isoformat(),
    }


def encounter_of(
    patient: str,
    status: str = "in-progress",
    code: str = "AMB",
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[str, Any]:
    """A visit: by default an outpatient's who is here since an hour."""
    begun = start or datetime.now(UTC) - timedelta(hours=1)
    period = {"start": instant_of(begun), **({"end": instant_of(end)} if end else {})}
    return {
        "resourceType": "Encounter",
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code},
        "subject": {"reference": f"Patient/{patient}"},
        "period": period,
    }


def result_of(patient: str, number: str, code: str = "2823-3") -> dict[str, Any]:
    """A laboratory result of today."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:lab", "value": number}],
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": instant_of(datetime.now(UTC) - timedelta(hours=2)),
        "valueQuantity": {
            "value": 4.1,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }


def instant_of(moment: datetime) -> str:
    """A time as FHIR writes it, to the microsecond."""
    return moment.isoformat(timespec="microseconds")


def ids_of(answer: httpx.Response) -> list[str]:
    """The ids of the matches of a searchset, in its order."""
    assert answer.status_code == 200, answer.text
    entries = answer.json().get("entry", ())
    return [one["resource"]["id"] for one in entries if one["search"]["mode"] == "match"]


def shown(answer: httpx.Response, words: Iterable[str]) -> list[str]:
    """Which of these words turn up anywhere in an answer."""
    whole = answer.text + "".join(f"{k}{v}" for k, v in answer.headers.items())
    return [word for word in words if word in whole]
