"""Who lowers a label in the database shows nobody a restricted result, and it stands in the log."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.access.glass import N, R, V, labelled, plain
from tests.integration.access.support import Region, region

pytestmark = pytest.mark.anyio
HIDDEN, TWIN = "P1b", "P3b"


async def _set(found: Region, label: int | None) -> None:
    """As a thief or a careless administrator does: the column alone."""
    async with found.hub.db.unit() as unit:
        await unit.execute(
            "UPDATE observation SET label = $2 WHERE id = $1", found.results[HIDDEN], label
        )


async def _alarms(found: Region) -> list[tuple[str, str, str]]:
    async with found.hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT outcome, subject, detail FROM audit_access WHERE type = 'integrity'"
            " ORDER BY at_us, n"
        )
    return [tuple(row) for row in rows]


async def test_a_label_lowered_past_the_hub_shows_nothing_and_raises_an_alarm(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        await labelled(found, V, HIDDEN)
        key, canary = found.results[HIDDEN], found.canary(HIDDEN)
        patient = found.patients[HIDDEN]
        questions = (
            f"Observation/{key}", f"Observation/{key}/_history", f"Observation?patient={patient}",
            f"Observation?patient={patient}&code=2823-3&_include=Observation:subject",
        )  # fmt: skip
        assert (await found.get(questions[0], "a1")).status_code == 404
        assert not await _alarms(found)
        met = 0
        for label in (N, R - 1, 4 * 1024):
            await _set(found, label)
            for question in questions:
                answer = await found.get(question, "a1")
                met += 1
                assert answer.status_code == 500, question
                assert canary not in answer.text
                (issue,) = answer.json()["issue"]
                assert issue["code"] == "exception"
                assert f"Observation/{key}, version 2" in issue["details"]["text"]
                assert patient not in answer.text
                alarms = await _alarms(found)
                assert len(alarms) == met, "each is in the log, before the answer leaves"
                outcome, subject, detail = alarms[-1]
                assert (outcome, f"Observation/{key}, version 2" in detail) == ("8", True)
                assert subject
                twin = await found.get(f"Observation/{found.results[TWIN]}", "a1")
                assert twin.status_code == 200, "the next request is answered"
                assert found.canary(TWIN) in twin.text
        await _set(found, V)
        assert (await found.get(questions[0], "a1")).status_code == 404
        await labelled(found, N, HIDDEN)  # as the hub does
        answer = await found.get(questions[0], "a1")
        assert answer.status_code == 200
        assert canary in answer.text
