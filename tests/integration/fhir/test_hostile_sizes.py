"""More than a door takes: cut off as it comes, before anything is made of it."""

import asyncio
import json
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.hostile import (
    ECHO,
    Asked,
    Attack,
    check_answer,
    check_refused,
    hostile_field,
)
from tests.integration.fhir.support import bundle_of, entry_of

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


async def _parts(size: int) -> AsyncIterator[bytes]:
    """A body without a length: one JSON text of this size."""
    yield b'{"resourceType":"Observation","x":"'
    for _ in range(size // 65536):
        yield ECHO.encode() * (65536 // len(ECHO))
    yield b'"}'


async def test_eleven_megabytes_are_too_many_declared_or_not(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        attack = Attack("a long body", Asked(), 413, "too-long", "size")
        whole = b'{"x":"' + ECHO.encode() * (11 * MIB // len(ECHO)) + b'"}'
        for path in ("/fhir/Observation", "/fhir", "/fhir/Observation/$validate"):
            check_answer(attack, await field.ask(Asked("POST", path, whole)))
            check_answer(attack, await field.client.post(path, content=_parts(11 * MIB)))
            assert (
                await field.client.post("/fhir/Observation", content=field.result())
            ).status_code == 201
        assert (await field.reasons())["size"] == 6


async def test_sixty_megabytes_take_no_memory(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        await field.client.post("/fhir/Observation", content=_parts(MIB))
        tracemalloc.start()
        answer = await field.client.post("/fhir/Observation", content=_parts(60 * MIB))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.status_code == 413
        assert most < 20 * MIB


async def test_a_body_just_under_the_limit_is_read(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        data = "QUJD" * (9 * MIB // 4)
        tree = {"resourceType": "Binary", "contentType": "text/plain", "data": data}
        made = await field.client.post("/fhir/Binary", json=tree)
        assert made.status_code == 201, made.text[:200]
        assert made.json()["data"] == data


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_ten_thousand_entries_are_refused_before_any_runs(
    place: Any, tmp_path: Path, kind: str
) -> None:
    async with hostile_field(place, tmp_path) as field:
        entry = entry_of("DELETE", f"Patient/{field.patient}")
        many = json.dumps(bundle_of(kind, *[entry] * 10_001)).encode()
        attack = Attack("many entries", Asked("POST", "/fhir", many), 413, "too-long", "cost")
        few = json.dumps(bundle_of(kind, entry_of("GET", f"Patient/{field.patient}"))).encode()
        await check_refused(field, [attack], lambda _: Asked("POST", "/fhir", few))
        assert (await field.client.get(f"/fhir/Patient/{field.patient}")).status_code == 200


async def test_256_writes_at_once_are_done_or_told_to_come_again(
    place: Any, tmp_path: Path
) -> None:
    async with hostile_field(place, tmp_path) as field:
        results = [field.result() for _ in range(256)]
        answers = await asyncio.gather(
            *(field.client.post("/fhir/Observation", content=one) for one in results)
        )
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {201, 503}
        assert all("retry-after" in one.headers for one in answers if one.status_code == 503)
        query = f"/fhir/Observation?patient={field.patient}&_total=accurate&_count=1"
        assert (await field.client.get(query)).json()["total"] == statuses[201] > 0
