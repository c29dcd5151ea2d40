"""Patches that are none, or that would leave no resource: refused, and the resource stays."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.hostile import check_log, hostile_field

pytestmark = pytest.mark.anyio
JSON, MERGE, PATH = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/fhir+json",
)
WRONG: list[Any] = ["", "x", 0, True, [], {}, [[]], [{}], {"extension": []}, [{"url": 1}]]
PLACES = [
    "",
    "/",
    "/x",
    "/~2",
    "/meta",
    "/code/coding/99",
    "/code/coding/-",
    "/status",
    "/id",
    "/subject",
]
PATHS = ["", "Observation", "Observation.x", "Observation.code.coding[99]", "Patient.name",
         "Observation.code.where(", "Observation.id", "Observation.meta"]  # fmt: skip


def _json() -> list[Any]:
    return [
        *WRONG,
        *(
            [{"op": "replace", "path": place, "value": value}]
            for place in PLACES
            for value in WRONG
        ),
        *(
            [{"op": op, "path": "/status", "from": place}]
            for op in ("move", "copy")
            for place in PLACES
        ),
        *([{"op": "add", "path": value, "value": 1}] for value in WRONG),
        *([{"op": value, "path": "/status"}] for value in WRONG),
    ]


def _merge() -> list[Any]:
    return [
        *WRONG[:4],
        *({name: one} for name in ("meta", "id", "status", "code") for one in WRONG),
    ]


def _path() -> list[Any]:
    def asked(*parts: Any) -> dict[str, Any]:
        operation = {"name": "operation", "part": list(parts)}
        return {"resourceType": "Parameters", "parameter": [operation]}

    kind, place = (
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": PATHS[1]},
    )
    return [
        *({"resourceType": "Parameters", "parameter": one} for one in WRONG),
        *(
            {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": one}]}
            for one in WRONG
        ),
        *(asked(one) for one in WRONG),
        *(asked({"name": "type", "valueCode": one}, place) for one in WRONG),
        *(asked(kind, {"name": "path", "valueString": one}) for one in (*PATHS, *WRONG)),
        *(asked(kind, place, {"name": "value", "part": one}) for one in WRONG),
        *(asked(kind, place, {"name": one, "valueString": "x"}) for one in WRONG),
    ]


CASES = [
    (media, one)
    for media, made in ((JSON, _json), (MERGE, _merge), (PATH, _path))
    for one in made()
]


async def test_every_hostile_patch_is_refused_and_changes_nothing(
    place: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with hostile_field(place, tmp_path) as field:
        made = await field.client.post("/fhir/Observation", content=field.result())
        at, text = f"/fhir/Observation/{made.json()['id']}", made.text
        for media, patch in CASES:
            answer = await field.client.patch(at, json=patch, headers={"Content-Type": media})
            told = (media, json.dumps(patch), answer.status_code, answer.text[:300])
            if answer.status_code == 200:  # it asked for nothing
                assert answer.text == text, told
                continue
            assert answer.status_code in (400, 409, 422), told
            assert answer.json()["resourceType"] == "OperationOutcome", told
        assert (await field.client.get(at)).text == text
        right = [{"op": "add", "path": "/note", "value": [{"text": "x"}]}]
        changed = await field.client.patch(at, json=right, headers={"Content-Type": JSON})
        assert changed.status_code == 200
    check_log("".join(capfd.readouterr()))
