"""The store that the FHIR door is asked from: a hundred thousand results of invented patients.

Panels of 27 tests through the store's own insert, as the road writes them; and one client that may
read and write, registered as any other.
"""

import random
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir import CANONICAL
from hie.store import resources
from hie.store.ids import new_id
from hie.store.relations import EVER_US, Fact, Kind, relate
from hie.store.resources import Put
from tests.bench.figure import Figure
from tests.builders import TESTS, Test, an_observation

INSTITUTION = "12110102999900011H"
CLIENT = "bench"
SCOPES = ("system/*.cruds",)
PANELS = 8  # of each patient
ITEM = f"{CANONICAL}/CodeSystem/item"
_MORE = ("TBIL", "DBIL", "FE")
PANEL: tuple[Test, ...] = (
    *(one for one in TESTS if one.item is not None),
    *(replace(TESTS[0], code=one, item=one, loinc=None, name=one) for one in _MORE),
)
assert len(PANEL) == 27


@dataclass(frozen=True)
class Filled:
    """What lies in the store: the patients, some results, how many there are."""

    homes: tuple[str, ...]
    results: tuple[str, ...]
    count: int


async def fill(hub: Hub, observations: int) -> Filled:
    """Write some so many observations; the rows are those the road would write."""
    dice = random.Random(7)  # noqa: S311 - data to test with
    homes = [new_id() for _ in range(max(1, observations // (PANELS * len(PANEL))))]
    results: list[str] = []
    for place in range(0, len(homes), 12):
        puts: list[Put] = []
        for home in homes[place : place + 12]:
            puts.append(Put("Patient", home, home, _patient(home)))
            for panel in range(PANELS):
                puts += _panel(home, panel, dice)
        results += [one.id for one in puts if one.type == "Observation"]
        async with hub.db.unit() as unit:
            await resources.insert(unit, puts)
            own = [
                Fact(INSTITUTION, home, Kind.OWN, 0, EVER_US, "Patient")
                for home in homes[place : place + 12]
            ]
            await relate(unit, own)
    if hub.db.dialect == "postgresql":
        async with hub.db.reading() as reader:
            await reader.fetch("ANALYZE")
    return Filled(tuple(homes), tuple(results), len(results))


def day_of(panel: int) -> str:
    """The day a patient's panel was taken."""
    return f"2026-{panel + 1:02}-12"


def _patient(home: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": home,
        "identifier": [{"system": "urn:bench", "value": home}],
        "name": [{"text": "示例甲"}],
        "gender": "female",
        "birthDate": "1970-01-02",
    }


def _panel(home: str, panel: int, dice: random.Random) -> list[Put]:
    day, report, message = day_of(panel), new_id(), new_id()
    minute = f"{dice.randint(6, 11):02}:{dice.randint(0, 59):02}"
    refs = {kind: new_id() for kind in ("ServiceRequest", "Organization", "Specimen")}
    found = []
    for test in PANEL:
        low, high = float(test.low), float(test.high)
        one = an_observation(
            new_id(),
            home,
            test=test,
            value=f"{dice.uniform(low * 0.7, high * 1.3):.{test.decimals}f}",
            effective=f"{day}T{minute}:00+08:00",
            issued=f"{day}T16:20:00+08:00",
            filler=f"F2026{dice.randint(100000, 999999)}{panel:04}",
            refs=refs,
        )
        found.append(Put("Observation", home, one["id"], one, message, report))
    return found


async def register(hub: Hub) -> None:
    """The client every request comes from."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {
        "client": CLIENT,
        "institution": INSTITUTION,
        "key": {"pem": pem.decode()},
        "scopes": list(SCOPES),
        "name": CLIENT,
        "purposes": ["TREAT"],
    }
    await run(hub, "client-add", asked)


def stored_figure(name: str, filled: Filled) -> Figure:
    """How much lies in the store."""
    return Figure(f"{name}: observations in the store", filled.count, "")
