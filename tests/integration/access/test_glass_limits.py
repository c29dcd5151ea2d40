"""What emergency access wants, how long it lasts and how often it is given."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.access.glass import (
    ACR,
    R,
    broken,
    ends,
    labelled,
    prepared,
    wish,
)
from tests.integration.access.support import region, sees
from tests.integration.launch.support import refusals_of

pytestmark = pytest.mark.anyio


LACKING: list[tuple[dict[str, Any], str]] = [
    ({"reason": None}, "reason"),
    ({"reason": "curiosity"}, "reason"),
    ({"reason": 7}, "reason"),
    ({"text": None}, "text"),
    ({"text": "too short"}, "text"),
    ({"text": " a    b    c    d "}, "text"),
    ({"text": "x" * 501}, "text"),
    ({"text": "nine chars" + "\u202e"}, "text"),
    ({"text": ["unconscious patient"]}, "text"),
]


async def test_it_wants_a_reason_and_words(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        for number, (asked, path) in enumerate(LACKING, 1):
            refused = await broken(found, "a2", {**wish(found.patients["P4a"]), **asked})
            assert refused.status_code == 403, asked
            assert [one["path"] for one in refused.json()["errors"]] == [path], asked
            assert (await refusals_of(found.hub)).count(("btg", "8")) == number, asked
            assert not await sees(found, "a2", "P4b"), asked
        assert (await broken(found, "a2", wish(found.patients["P4a"]))).status_code == 201


async def test_it_wants_a_person_of_the_right_role_who_proved_twice_who_they_are(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        await found.person("once", "a", acr="urn:hub:acr:1")
        await found.person("manager", "a", "manager", acr=ACR, scopes=("hie/indicators",))
        for who in ("a1", "once", "a", "manager"):
            refused = await broken(found, who, wish(found.patients["P4a"]))
            assert refused.status_code in {401, 403}, who
            if refused.status_code == 403:
                assert await found.last_audit() == ("8", "btg"), who
            assert found.canary("P4b") not in refused.text
        assert (await broken(found, "a2", wish(found.patients["P4a"]))).status_code == 201


async def test_it_ends_after_half_an_hour_and_when_it_is_ended(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        began = time.time()
        told = (await broken(found, "a2", wish(found.patients["P4a"]))).json()
        async with found.hub.db.reading() as reader:
            lasts = await reader.fetchval("SELECT until_us - at_us FROM glass_opening")
            due = await reader.fetchval("SELECT due_us - at_us FROM glass_opening")
        assert (lasts, due) == (30 * 60 * 1_000_000, 72 * 3600 * 1_000_000)
        assert time.time() - began < 60
        assert await sees(found, "a2", "P4b")
        await ends(found, told["opening"], -1)
        assert not await sees(found, "a2", "P4b")
        again = (await broken(found, "a2", wish(found.patients["P4a"]))).json()
        assert await sees(found, "a2", "P4b")
        gone = f"/v1/break-glass/{again['opening']}"
        assert (await found.client.delete(gone, headers=found.headers["a1"])).status_code == 403
        assert await sees(found, "a2", "P4b")
        assert (await found.client.delete(gone, headers=found.headers["a2"])).status_code == 204
        assert not await sees(found, "a2", "P4b")
        assert (await found.client.delete(gone, headers=found.headers["a2"])).status_code == 204
        none = await found.client.delete("/v1/break-glass/none", headers=found.headers["a2"])
        assert none.status_code == 404


async def test_a_sixth_patient_in_a_day_is_refused_and_a_known_one_is_not(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        for name in ("P1", "P2", "P3", "P4", "P5"):
            assert (await broken(found, "a2", wish(found.patients[f"{name}b"]))).status_code == 201
        sixth = await broken(found, "a2", wish(found.patients["P6a"]))
        assert sixth.status_code == 403
        assert [one["path"] for one in sixth.json()["errors"]] == ["second"]
        assert await found.last_audit() == ("8", "btg")
        # the same person by another hospital's record is no other patient
        assert (await broken(found, "a2", wish(found.patients["P1a"]))).status_code == 201
        await found.person("a3", "a", acr=ACR)
        assert (await broken(found, "a3", wish(found.patients["P6a"]))).status_code == 201
        async with found.hub.db.unit() as unit:  # a day later
            await unit.execute("UPDATE glass_opening SET at_us = at_us - $1", 86_400_000_001)
        assert (await broken(found, "a2", wish(found.patients["P6a"]))).status_code == 201


async def test_who_is_bound_to_one_patient_opens_no_other(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        await labelled(found, R, "P1b")
        await found.person("bound", "a", acr=ACR, patient=found.patients["P4a"])
        other = await broken(found, "bound", wish(found.patients["P1a"]))
        assert other.status_code == 403
        assert (await broken(found, "bound", wish(found.patients["P4a"]))).status_code == 201
        assert await sees(found, "bound", "P4b")
        assert not await sees(found, "bound", "P1b")


async def test_many_at_once_are_counted_one_after_the_other(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await prepared(found)
        names = ("P1a", "P2a", "P3a", "P4a", "P5a", "P6a")
        answers = await asyncio.gather(
            *(broken(found, "a2", wish(found.patients[name])) for name in names)
        )
        assert sorted(one.status_code for one in answers) == [201] * 5 + [403]
