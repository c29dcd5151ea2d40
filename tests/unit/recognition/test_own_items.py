"""Items of any specimen are data: R-301 compares what the item's file says, and no code knows it."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import build_catalogue, load_catalogue
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


HUBEI = [records.policy("region:13", "2022-03-01", catalogue="list:hubei22")]
BARE = sorted(key for key, item in load_catalogue().items.items() if item.missing)


@given(
    st.sampled_from(BARE),
    st.sampled_from(["12", "0", "4.1", None]),
    st.sampled_from(["umol/L", "mmol/L", "ng/mL", "g/L", "%", "1", "", None]),
    st.sampled_from(["血清", "全血", "静脉血", "尿液", "引流液", None]),
    st.sampled_from(["2026-06-15T08:00:00+08:00", "2026-06-12T08:00:00+08:00", "2026-06-12", None]),
)
def test_what_no_source_gives_is_never_recognised_whatever_the_report_says(
    key: str, value: str | None, unit: str | None, specimen: str | None, collected: str | None
) -> None:
    record = records.a_candidate(
        item=key, value=value, unit=unit, low=None, high=None, collected=collected,
        issued="2026-06-15T09:00:00+08:00", specimen=records.a_specimen(kind=specimen),
    )  # fmt: skip
    books = records.registers(item=key)
    for policies in (HUBEI, []):
        question = records.question(books=books, policies=policies)
        judged = assess_order(key, [record], question)
        assert judged.outcome is Outcome.REFUSE


def test_the_second_list_is_asked_and_answered_rule_by_rule() -> None:
    record = records.a_candidate(item="FER", value="85", unit="ng/mL", low=None, high=None)
    question = records.question(books=records.registers(item="FER"), policies=HUBEI)
    found = {
        one.rule: (one.fired, one.unknown, one.case)
        for one in assess_order("FER", [record], question).assessments[0].findings
    }
    assert found["R-103"] == (False, False, None)
    assert found["R-301"] == (False, True, "no_specimen")
    assert found["R-303"] == (True, False, "no_unit")
    assert found["R-305"] == (False, True, None)  # the number itself could not be read
    assert max(found) < "R-401"  # gate 3 refused
