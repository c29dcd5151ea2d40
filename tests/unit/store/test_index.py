"""What the typed columns say, for resources of every shape."""

from typing import Any

import pytest

from hie.store import index
from hie.store.instants import OPEN_END, OPEN_START, bounds
from hie.store.systems import long, short
from tests.builders import TESTS, an_observation


def columns(resource: dict[str, Any], kind: str = "Observation") -> dict[str, Any]:
    found = index.values(kind, resource, "r1")
    return dict(zip(index.columns(kind), found, strict=True))


def test_an_unmapped_result_has_its_local_code_alone() -> None:
    found = columns(an_observation(test=TESTS[20]))
    assert (found["local_code"], found["item"], found["code"]) == ("MCV", None, None)


def test_an_item_is_a_column_whether_its_map_is_confirmed_or_not() -> None:
    assert columns(an_observation(mapping="unconfirmed"))["item"] == "K"


@pytest.mark.parametrize("kind", ["Observation", "DiagnosticReport"])
def test_an_empty_resource_has_empty_columns(kind: str) -> None:
    assert set(columns({"resourceType": kind}, kind).values()) <= {None, "r1"}


@pytest.mark.parametrize("kind", ["Patient", "Device", "Specimen"])
def test_other_types_have_no_columns_of_their_own(kind: str) -> None:
    assert index.columns(kind) == index.values(kind, {}) == ()


def test_a_period_counts_from_its_start_to_its_end() -> None:
    period = {"start": "2026-06-01", "end": "2026-06-02"}
    resource = an_observation(effectivePeriod=period)
    del resource["effectiveDateTime"]
    found = columns(resource)
    first, last = bounds("2026-06-01"), bounds("2026-06-02")
    assert first is not None
    assert last is not None
    assert (found["effective_us"], found["effective_end_us"]) == (first[0], last[1])
    resource["effectivePeriod"] = {"start": "2026-06-01"}
    assert columns(resource)["effective_end_us"] == OPEN_END
    resource["effectivePeriod"] = {"end": "2026-06-01"}
    assert columns(resource)["effective_us"] == OPEN_START


def test_a_nul_does_not_reach_the_database() -> None:
    resource = an_observation()
    resource["code"]["coding"][-1]["code"] = "K\0x"
    assert columns(resource)["local_code"] == "Kx"


def test_coding_without_system_is_a_local_code() -> None:
    resource = an_observation(code={"coding": [{"code": "X"}]})
    assert (columns(resource)["local_system"], columns(resource)["local_code"]) == ("", "X")


def test_a_short_system_is_long_again() -> None:
    for system in (
        "http://loinc.org",
        "https://hie.example/fhir/CodeSystem/site/lis-1/local",
        "urn:oid:1.2.3",
        "http://a.example/~x",
        "",
    ):
        assert long(short(system)) == system
