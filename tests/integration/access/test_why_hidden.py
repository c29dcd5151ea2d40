"""Why nothing was seen is in the log whatever was asked, and by the same work; what is seen is not.

Users are told of a patient who is not treated here as of nobody; systems as of an id nobody has.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.restriction import NORMAL, Asking, Restriction
from hie.api.hidden import note_hidden
from hie.oauth.refusals import Hidden
from hie.store.session import Reader, Row
from tests.integration.access.consents import denying, give, treating
from tests.integration.access.support import INSTITUTIONS, NOT_THERE
from tests.integration.access.test_consent_log import logged

pytestmark = pytest.mark.anyio


async def test_a_version_that_is_not_there_of_what_may_be_seen_is_absent(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P5a"], denying("c"))
        answer = await found.get(f"Observation/{found.results['P5a']}/_history/99", "b")
        assert answer.status_code == 404
        assert await logged(found) == [("refused", "4", "absent", "")]


async def test_of_several_patients_only_the_hidden_one_is_named(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P1a"], denying("c"))
        key = await give(found, "a", found.patients["P5a"], denying("a"))
        both = f"{found.patients['P1b']},{found.patients['P5b']}"
        assert (await found.get(f"Observation?patient={both}", "a1")).status_code == 403
        assert await logged(found) == [
            ("refused", "4", "consent", ""),
            ("consent-decision", "4", "consent", f"Consent/{key}"),
        ]


WAYS = [
    ("b", "Patient/{id}/$everything", 404),
    ("a1", "Patient/{id}/$everything", 403),
    ("a1", "Observation/$lastn?patient={id}", 403),
    ("a1", "Observation?patient={id}", 403),
    ("a1", "Observation?patient.identifier={number}", 403),
    ("a1", "Observation/$lastn?patient={id}&patient.identifier={number}", 403),
]


@pytest.mark.parametrize(("who", "way", "status"), WAYS)
async def test_every_way_to_a_withheld_patient_is_logged_with_the_reason(
    place: Any, tmp_path: Path, who: str, way: str, status: int
) -> None:
    async with treating(place, tmp_path) as found:
        number = "urn:his:b|b-P5"
        url = way.format(id=found.patients["P5b" if who == "a1" else "P5a"], number=number)
        key = await give(found, "a", found.patients["P5a"], denying())
        refused = await found.get(url, who)
        assert refused.status_code == status, refused.text
        events = await logged(found)
        assert events[0] == ("refused", "4", "consent", "")
        assert {one[:3] for one in events[1:]} == {("consent-decision", "4", "consent")}
        assert f"Consent/{key}" in events[1][3]
        nobody = await found.get(way.format(id=NOT_THERE, number=f"{number}0"), who)
        assert nobody.status_code == status
        assert (await logged(found))[-1] == (
            "refused",
            "4",
            "rel" if status == 403 else "absent",
            "",
        )


class Listening(Reader):
    """Reads by another reader, and knows what it was asked."""

    def __init__(self, other: Reader) -> None:
        super().__init__(other.db)
        self.other = other
        self.heard: list[str] = []

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        self.heard.append(sql)
        return await self.other.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        self.heard.append(sql)
        return await self.other.fetchrow(sql, *args)


async def test_the_same_statements_are_asked_whatever_is_there(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P5a"], denying())
        institution = INSTITUTIONS["b"]
        actor = Actor(
            kind=ActorKind.CLIENT,
            client="his-b",
            subject="his-b",
            institution=institution,
            purpose=Purpose.TREATMENT,
            scopes=frozenset(),
            network=None,
            request=None,
        )
        asking = Asking(institution, "TREAT", 2_000_000_000_000_000)
        results = [found.results["P5a"], found.results["P1a"], NOT_THERE]
        heard, noted = [], []
        async with found.hub.db.reading() as other:
            for keys in ([results[0]], [results[1]], [results[2]], results):
                reader = Listening(other)
                request = Request({"type": "http", "state": {"actor": actor}})
                sight = Restriction(clearance=NORMAL, asks=asking)
                await note_hidden(request, reader, "Observation", keys, sight)
                heard.append(reader.heard)
                hidden = request.scope["state"].get("hidden")
                noted.append(hidden.reason.value if isinstance(hidden, Hidden) else "")
        assert noted == ["consent", "", "", "consent"]
        assert heard == [heard[0]] * 4
        assert len(heard[0]) == 2
