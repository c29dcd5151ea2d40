"""Labelled rows say codes by marks that only their patient explains."""

from types import SimpleNamespace
from typing import Any

import pytest

from hie.store import index
from hie.store.keys import Keys
from hie.store.masks import MASKED, also, is_masked, mask, meanings
from hie.store.other_codes import Place, entry, written

READER: Any = SimpleNamespace(db=SimpleNamespace(keys=Keys(b"i" * 32, b"d" * 32)))
NORMAL, RESTRICTED, VERY = 0, 1, 2
CODES = written([(Place.CODE, "urn:lab", "HIV1"), (Place.CATEGORY, "urn:c", "X")], [Place.CATEGORY])


def columns(kind: str) -> tuple[Any, ...]:
    said = {"code": "75622-1", "local_code": "HIVAB", "item": "HIV", "codes": CODES, "klass": "CT"}
    return tuple(said.get(name, name) for name in index.columns(kind))


@pytest.mark.parametrize("label", [RESTRICTED, VERY, 4 + RESTRICTED, None])
@pytest.mark.parametrize("kind", sorted(MASKED))
def test_a_labelled_row_and_one_without_a_label_say_no_code(kind: str, label: int | None) -> None:
    assert is_masked(label)
    stored = dict(
        zip(index.columns(kind), mask(READER, kind, "h", label, columns(kind)), strict=True)
    )
    hidden = {*MASKED[kind]} | ({"codes"} if kind != "ImagingStudy" else set())
    text = "|".join(str(stored[name]) for name in hidden)
    for clear in ("75622-1", "HIVAB", "HIV", "HIV1", "CT"):
        assert clear not in text
    for name in index.columns(kind):
        if name not in {*MASKED[kind], "codes"}:
            assert stored[name] == name
        elif name not in hidden:
            assert stored[name] == CODES


@pytest.mark.parametrize("label", [NORMAL, 4 * 128])
def test_what_is_normal_is_said_in_clear_whatever_its_topics(label: int) -> None:
    assert mask(READER, "Observation", "h", label, columns("Observation")) == columns("Observation")


def test_the_marks_of_two_patients_and_of_two_columns_differ() -> None:
    one = mask(READER, "Observation", "h1", None, columns("Observation"))
    other = mask(READER, "Observation", "h2", None, columns("Observation"))
    hidden = [index.columns("Observation").index(name) for name in MASKED["Observation"]]
    assert all(one[n] != other[n] for n in hidden)
    assert len({one[n] for n in hidden}) == len(hidden)
    assert one == mask(READER, "Observation", "h1", None, columns("Observation"))


def test_who_knows_patient_and_code_knows_the_mark() -> None:
    said = dict(zip(index.columns("Observation"),
                    mask(READER, "Observation", "h", None, columns("Observation")), strict=True))  # fmt: skip
    assert said["item"] in also(READER, "item", ["g", "h"], ["K", "HIV"])
    assert said["item"] not in also(READER, "item", ["g"], ["K", "HIV"])
    assert meanings(READER, "item", ["h"], ["K", "HIV"])[said["item"]] == "HIV"
    for asked in ((None, "HIV1"), ("urn:lab", "HIV1"), ("urn:lab", None)):
        (mark,) = also(READER, "codes", ["h"], [entry(Place.CODE, *asked)])[1:]
        assert mark in said["codes"]


def test_what_is_not_there_stays_so_and_other_types_are_left_alone() -> None:
    nothing = (None,) * len(index.columns("Observation"))
    assert mask(READER, "Observation", "h", None, nothing) == nothing
    assert mask(READER, "Specimen", "h", None, ()) == ()
