"""Sound resources with something wrong put into them: taken or refused, never a fault of the hub.

Every served type; wrong values where others belong, lists for values, values for lists, extensions
where none belong. Made from a fixed seed. What was taken can be read, searched and changed.
"""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hie.store.search.registry import PARAMETERS
from tests.integration.fhir.hostile import check_log, hostile_field
from tests.integration.fhir.minimal import minimal

pytestmark = pytest.mark.anyio
MUTANTS = 8  # of each type, on each database
WRONG: list[Any] = [
    "", 0, -1, 1.5, True, [], {}, [[]], [{}], [""], "x" * 5_000, "1e400", "2026-13-45", "\u202e", "#x",
    "http://[::1", "Patient/", "/", "Patient/x/_history/", "||", {"extension": []}, {"reference": 5},
    {"value": []}, {"coding": {}}, {"system": [], "value": {}}, [{"system": {}, "value": []}],
    [{"url": 1}], {"start": [], "end": {}}, {"low": {"value": "x"}, "high": 1}, 10**17, "24:00:00",
    "9999-12-31T23:59:60Z", "0000-01-01", {"resourceType": "Patient"}, [{"resourceType": "List"}],
]  # fmt: skip
NAMES = [
    "id",
    "extension",
    "modifierExtension",
    "contained",
    "meta",
    "value",
    "text",
    "subject",
    "code",
]


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for step, part in parts:
        yield (*path, step)
        yield from _places(part, (*path, step))


def mutant(tree: Any, chance: random.Random) -> Any:
    """The resource with one to three things wrong."""
    found = copy.deepcopy(tree)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        path = chance.choice([one for one in _places(found) if one[0] != "resourceType"])
        place = found
        for step in path[:-1]:
            place = place[step]
        last, wrong = path[-1], copy.deepcopy(chance.choice(WRONG))
        match chance.randrange(5):
            case 0 | 1:
                place[last] = wrong
            case 2:
                place[last] = [place[last]]
            case 3 if isinstance(place, dict):
                place[f"_{last}"] = wrong
            case _:
                found[chance.choice(NAMES)] = wrong
    return found


async def test_no_mutant_is_a_fault_of_the_hub(
    place: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(7)  # noqa: S311 - the same mutants each time
    async with hostile_field(place, tmp_path, "hie/open-references") as field:
        for kind in sorted(PARAMETERS):
            sound = minimal(kind, f"Patient/{field.patient}")
            for _ in range(MUTANTS):
                tree = mutant(sound, chance)
                entry = {"resource": tree, "request": {"method": "POST", "url": kind}}
                bundle = {"resourceType": "Bundle", "type": chance.choice(["batch", "transaction"])}
                path, body = chance.choice(
                    [
                        (f"/fhir/{kind}", tree),
                        (f"/fhir/{kind}/$validate", tree),
                        ("/fhir", {**bundle, "entry": [entry]}),
                    ]
                )
                answer = await field.client.post(path, json=body)
                assert answer.status_code in (200, 201, 400, 404, 405, 409, 412, 422), json.dumps(
                    tree
                )
                assert '"status":"500' not in answer.text, json.dumps(tree)
                if answer.status_code == 201:
                    at = f"/fhir/{kind}/{answer.json()['id']}"
                    name = chance.choice(sorted(PARAMETERS[kind]))
                    found = f"/fhir/{kind}?_id={answer.json()['id']}&{name}=x"
                    for address in (
                        at,
                        f"{at}?_summary=true",
                        f"{at}/_history",
                        f"{at}/$meta",
                        found,
                    ):
                        assert (await field.client.get(address)).status_code < 500, json.dumps(tree)
    check_log("".join(capfd.readouterr()))
