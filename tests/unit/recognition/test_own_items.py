"""Items of any specimen are data: R-301 compares what the item's file says, and no code knows it."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from hie.recognition.catalogue import build_catalogue
from hie.recognition.engine import assess_order
from hie.schemas import read_yaml
from tests.unit.recognition import records


def finding(specimen: str | None, stated: str | None) -> tuple[bool, bool]:
    """Whether R-301 fires or is unknown for potassium of this specimen, when this one is stated."""
    data: dict[str, Any] = deepcopy(read_yaml("catalogue", "lab", "K.yaml"))
    del data["specimen"]
    if specimen is not None:
        data["specimen"] = specimen
    question = replace(records.question(), catalogue=build_catalogue([("K.yaml", data)]))
    record = records.a_candidate(specimen=records.a_specimen(kind=stated))
    judged = assess_order("K", [record], question)
    (found,) = (one for one in judged.assessments[0].findings if one.rule == "R-301")
    return found.fired, found.unknown


@pytest.mark.parametrize(
    ("specimen", "stated", "found"),
    [
        ("serum-plasma", "血清", (False, False)),
        ("serum-plasma", "静脉血", (False, False)),
        ("whole-blood", "BLDV", (False, False)),
        ("urine", "尿液", (False, False)),
        ("urine", "静脉血", (True, False)),  # venous blood is what serum and whole blood come of
        ("urine", "血清", (True, False)),
        ("csf", "脑脊液", (False, False)),
        ("csf", "腹水", (True, False)),
        ("capillary-blood", "指血", (False, False)),
        ("capillary-blood", "BLDV", (True, False)),
        ("urine", "引流液", (False, True)),
        ("urine", None, (False, False)),
        (None, "血清", (False, True)),
        (None, "静脉血", (False, True)),
        (None, None, (False, True)),
    ],
)
def test_the_stated_specimen_is_held_against_the_items_own(
    specimen: str | None, stated: str | None, found: tuple[bool, bool]
) -> None:
    assert finding(specimen, stated) == found
