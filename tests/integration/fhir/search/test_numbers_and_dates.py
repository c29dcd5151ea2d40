"""Dates, quantities and positions are intervals (FHIR R4 search.html#date, #quantity, #prefix)."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.search.support import (
    LOINC,
    UCUM,
    a_person,
    a_result,
    found,
    refused,
    searched,
    write,
)

pytestmark = pytest.mark.anyio


def _amount(value: float, unit: str = "mmol/L", **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **more}


async def test_a_quantity_is_an_interval_by_its_last_digit_and_exact_with_a_prefix(
    place: Any, tmp_path: Path
) -> None:
    async with searched(place, tmp_path) as (_, client):
        await write(
            client, a_person("p"),
            a_result("five", valueQuantity=_amount(5.37)),
            a_result("hundred", valueQuantity=_amount(97)),
            a_result("below", valueQuantity=_amount(3, comparator="<")),
            a_result("minus", valueQuantity=_amount(-2.5, "meq/L")),
            a_result("bare", valueQuantity={"value": 5.4, "unit": "index"}),
            a_result("other", valueQuantity={"value": 5.4, "system": "http://u.example", "code": "mmol/L"}),
            a_result("text", valueString="5.4"),
        )  # fmt: skip
        ucum = f"|{UCUM}|mmol/L"
        for query, expected in {
            "value-quantity=5.4": ["bare", "five", "other"],
            f"value-quantity=5.4{ucum}": ["five"],
            "value-quantity=5.40": ["bare", "other"],
            f"value-quantity=5.37{ucum}": ["five"],
            f"value-quantity=5370|{UCUM}|umol/L": ["five"],
            f"value-quantity=0.00537|{UCUM}|mol/L": ["five"],
            f"value-quantity=5.4|{UCUM}|mg/dL": [],
            "value-quantity=5.4||index": ["bare"],
            "value-quantity=5.4||mmol/L": ["five", "other"],
            f"value-quantity=1e2{ucum}": ["hundred"],
            f"value-quantity=1.0e2{ucum}": ["hundred"],
            f"value-quantity=1.00e2{ucum}": [],
            f"value-quantity=100{ucum}": [],
            f"value-quantity=9.7e1{ucum}": ["hundred"],
            f"value-quantity=ge5.4{ucum}": ["hundred"],
            f"value-quantity=ge5.37{ucum}": ["five", "hundred"],
            f"value-quantity=gt5.37{ucum}": ["hundred"],
            f"value-quantity=le5.37{ucum}": ["below", "five"],
            f"value-quantity=lt5.37{ucum}": ["below"],
            f"value-quantity=le3{ucum}": ["below"],
            f"value-quantity=ge3{ucum}": ["five", "hundred"],
            f"value-quantity=eb3{ucum}": ["below"],
            f"value-quantity=sa3{ucum}": ["five", "hundred"],
            f"value-quantity=ne5.4{ucum}": ["below", "hundred"],
            f"value-quantity=ap5{ucum}": ["five"],
            f"value-quantity=ap6{ucum}": [],
            f"value-quantity=-2.5|{UCUM}|meq/L": ["minus"],
            "value-quantity=lt-2": ["below", "minus"],
            "value-quantity=gt5&value-quantity=lt6": ["bare", "five", "other"],
            f"code-value-quantity={LOINC}|2823-3$gt90": ["hundred"],
            "value-quantity:missing=true": ["text"],
        }.items():
            asked = f"Observation?patient=p&_sort=_id&{query}"
            assert await found(client, asked) == expected, query
        for wrong in ("5.4|mmol/L", "five", "1e9999", "gt", "--5", "5.4|a|b|c", "0x10", "5 .4"):
            code, name = await refused(client, f"Observation?patient=p&value-quantity={wrong}")
            assert name == "value-quantity", (wrong, code)


TIMES: dict[str, dict[str, Any]] = {
    "day": {"effectiveDateTime": "2026-06-15"},
    "moment": {"effectiveDateTime": "2026-06-15T23:30:00-05:00"},  # the 16th here
    "month": {"effectiveDateTime": "2026-06"},
    "span": {"effectivePeriod": {"start": "2026-06-10", "end": "2026-06-20"}},
    "since": {"effectivePeriod": {"start": "2026-07-01"}},
    "until": {"effectivePeriod": {"end": "2026-05-01"}},
    "twice": {"effectiveTiming": {"event": ["2026-08-01", "2026-08-03"]}},
    "never": {},
}


async def test_a_date_is_the_interval_it_is_written_to(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        results = [a_result(id_, **said) for id_, said in TIMES.items()]
        await write(client, a_person("p"), *results)
        every = sorted(set(TIMES) - {"never"})
        for query, expected in {
            "date=2026-06-15": ["day"],
            "date=2026-06-16": ["moment"],
            "date=2026-06-15T23:30:00-05:00": ["moment"],
            "date=2026-06-16T04:30:00Z": ["moment"],
            "date=2026-06-16T12:30": ["moment"],
            "date=2026-06": ["day", "moment", "month", "span"],
            "date=2026-08": ["twice"],
            "date=ne2026-06": ["since", "twice", "until"],
            "date=gt2026-06-20": ["month", "since", "twice"],
            "date=ge2026-06-20": ["month", "since", "twice"],
            "date=lt2026-06-10": ["month", "until"],
            "date=le2026-05-01": ["until"],
            "date=sa2026-06-20": ["since", "twice"],
            "date=eb2026-06-10": ["until"],
            "date=eb2026-06-15": ["until"],
            "date=ap2026-06-15": ["day", "moment", "month", "span"],
            "date=ge2026-06-11&date=le2026-06-17": ["day", "moment", "month", "span"],
            "date=gt2026-08-02": ["since", "twice"],
            "date=2026-06-15,2026-06-16": ["day", "moment"],
            "date:missing=true": ["never"],
            "date=ge0001": every,
        }.items():
            asked = f"Observation?patient=p&_sort=_id&{query}"
            assert await found(client, asked) == expected, query
            beside = f"Observation?_id={','.join(TIMES)}&_sort=_id&status=final&{query}"
            assert await found(client, beside) == expected, query
        for wrong in ("2026-13", "2026-06-31", "yesterday", "2026-06-15T", "xx2026", "20260615"):
            assert (await refused(client, f"Observation?patient=p&date={wrong}"))[1] == "date"


async def test_resources_are_found_by_when_they_were_written(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        await write(client, a_person("p"), *(a_result(f"r{n}") for n in range(5)))
        assert len(await found(client, "Observation?_lastUpdated=gt2020")) == 5
        assert await found(client, "Observation?_lastUpdated=lt2020") == []
        up = await found(client, "Observation?_lastUpdated=ge2020&_sort=_lastUpdated")
        assert up == [f"r{n}" for n in range(5)]
        assert await found(client, "Observation?_lastUpdated=ge2020") == up[::-1]
        refusals = ("code=x", "status=final", "_sort=date", "value-quantity=5", "_tag=x")
        for beside in refusals:
            code, _ = await refused(client, f"Observation?_lastUpdated=ge2020&{beside}")
            assert code == "too-costly", beside


async def test_a_place_is_found_by_how_near_it_is(place: Any, tmp_path: Path) -> None:
    async with searched(place, tmp_path) as (_, client):
        beijing = {"latitude": 39.9042, "longitude": 116.4074}
        tianjin = {"latitude": 39.0842, "longitude": 117.2009}
        for id_, position in (("bj", beijing), ("tj", tianjin)):
            tree = {"resourceType": "Location", "id": id_, "position": position}
            await write(client, tree)
        await write(client, {"resourceType": "Location", "id": "none"})
        for query, expected in {
            "near=39.90|116.40": ["bj"],
            "near=39.90|116.40|200|km": ["bj", "tj"],
            "near=39.90|116.40|200000|m": ["bj", "tj"],
            "near=39.90|116.40|100|m": [],
            "near=39.0|117.2|20|km": ["tj"],
        }.items():
            assert await found(client, f"Location?_sort=_id&{query}") == expected, query
        for wrong in ("39.9", "91|0", "0|181", "a|b", "1|2|-3|km", "1|2|3|furlong", "1|2|3|km|x"):
            assert (await refused(client, f"Location?near={wrong}"))[1] == "near"
