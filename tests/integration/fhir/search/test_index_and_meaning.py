"""What an index answers is what looking at each resource would: on resources of every shape."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from hie.access.policy import Restriction
from hie.fhir import CATEGORY, ITEM, LOINC, SECTION
from hie.fhir.search.definitions import parameters
from hie.fhir.search.match import matches
from hie.fhir.search.numbers import PREFIXES
from hie.store.database import Database
from hie.store.resources import Put, insert
from hie.store.search.query import parse_query
from hie.store.search.search import search

pytestmark = pytest.mark.anyio
SYSTEMS = ("", LOINC, ITEM, "http://a.example", "http://b.example")
KNOWN = {"Observation": CATEGORY, "DiagnosticReport": SECTION}
DCM = "http://dicom.nema.org/resources/ontology/DCM"
CODES = ("x", "y", "z", "x y", "X")
TIMES = ("2026", "2026-06", "2026-06-15", "2026-06-15T08:00:00+08:00", "2026-06-15T23:59:59.5Z")
DATES = (*TIMES, "2026-06-15T08:00", "2025", "2027-01-01")


def _coding(dice: random.Random, *more: str) -> dict[str, str]:
    system = dice.choice((*SYSTEMS, *more))
    code = {"code": dice.choice(CODES)} if dice.random() < 0.95 else {"display": "none"}
    return {**({"system": system} if system else {}), **code}


def _when(dice: random.Random, kind: str) -> dict[str, Any]:
    times = sorted(dice.sample(TIMES[1:], 2))
    able: list[dict[str, Any]] = [
        {},
        {"effectiveDateTime": dice.choice(TIMES)},
        {"effectivePeriod": {"start": times[0]}},
        {"effectivePeriod": {"end": times[1]}},
        {"effectivePeriod": {"start": "2026-05-01", "end": dice.choice(TIMES[1:])}},
    ]
    if kind == "Observation":
        able += [
            {"effectiveInstant": TIMES[3]},
            {"effectiveTiming": {"event": times}},
            {"effectiveTiming": {"repeat": {"boundsPeriod": {"start": times[0]}}}},
        ]
    return dice.choice(able)


def _tree(dice: random.Random, kind: str, id_: str) -> dict[str, Any]:
    tree: dict[str, Any] = {"resourceType": kind, "id": id_}
    if dice.random() < 0.9:
        tree["status"] = dice.choice(("final", "amended"))
    if kind == "ImagingStudy":
        tree["modality"] = [_coding(dice, DCM, DCM, DCM) for _ in range(dice.randrange(3))]
        tree["series"] = [{"modality": _coding(dice, DCM)} for _ in range(dice.randrange(3))]
        if dice.random() < 0.8:
            tree["started"] = dice.choice(TIMES)
        # R4 looks at the series; a study that lists its modalities has them there.
        tree["series"] += [{"modality": one} for one in tree["modality"]]
        return tree
    tree |= _when(dice, kind)
    codings = [_coding(dice) for _ in range(dice.randrange(5))]
    # The hub's own items: a result is of one at most.
    items = [one for one in codings if one.get("system") == ITEM]
    tree["code"] = {"coding": [one for one in codings if one not in items[1:]]}
    tree["category"] = [
        {"coding": [_coding(dice, KNOWN[kind], KNOWN[kind])]} for _ in range(dice.randrange(4))
    ]
    return tree


def _questions(kind: str) -> list[tuple[str, str]]:
    date = "started" if kind == "ImagingStudy" else "date"
    asked = [(date, prefix + text) for prefix in sorted(PREFIXES) for text in DATES]
    asked += [("status", "final"), ("status:not", "final"), ("status", "|final")]
    names = ("modality",) if kind == "ImagingStudy" else ("code", "category")
    systems = (*SYSTEMS[1:], DCM, *KNOWN.values())
    for name in names:
        for modifier in ("", ":not"):
            for code in CODES:
                asked += [(name + modifier, code), (name + modifier, f"|{code}")]
                asked += [(name + modifier, f"{system}|{code}") for system in systems]
            asked += [(name + modifier, f"{system}|") for system in systems]
            asked.append((name + modifier, "x,z"))
    return asked


@pytest.mark.parametrize("kind", ["Observation", "DiagnosticReport", "ImagingStudy"])
async def test_an_index_answers_what_the_resources_say(database: Database, kind: str) -> None:
    dice = random.Random(kind)  # noqa: S311 - data to search
    trees = [_tree(dice, kind, f"r{n}") for n in range(150)]
    async with database.unit() as unit:
        await insert(unit, [Put(kind, "p", tree["id"], tree) for tree in trees])
    faults = []
    async with database.reading() as reader:
        for name, text in _questions(kind):
            query = parse_query(
                kind, [("patient", "p"), (name, text), ("_count", "200"), ("_sort", "_id")]
            )
            page = await search(reader, query, Restriction())
            found = {one.id for one in page.matches}
            expected = _meaning(kind, name, query.conditions[1].values, trees)
            if found != expected:
                faults.append((name, text, found ^ expected))
    assert not faults, (len(faults), faults[:10])


def _meaning(kind: str, name: str, values: Sequence[Any], trees: list[dict[str, Any]]) -> set[str]:
    key, _, modifier = name.partition(":")
    parameter = parameters(kind)[key]
    return {tree["id"] for tree in trees if matches(parameter, modifier, values, tree)}
