import importlib.metadata
import itertools
import json
import re
from datetime import date, datetime, timedelta, timezone

import pytest

from hie.adapter import Adapter, Site
from hie.identity.identifiers import is_usable
from hie.recognition.credit_code import is_credit_code
from hie.records import LabReportRecord
from hie.synthetic import example, many, sample_oru

TODAY = date(2026, 6, 15)
SITE = Site("bj-lis", "12110102999900011H", "hl7v2", {})


@pytest.fixture(scope="module")
def adapter() -> Adapter:
    (found,) = importlib.metadata.entry_points(group="hie.adapters", name="hl7v2")
    loaded: Adapter = found.load()
    return loaded


@pytest.mark.parametrize("results", [1, 30, 75])
def test_a_sample_has_as_many_results_as_asked_for(results: int, adapter: Adapter) -> None:
    content = sample_oru(results)
    assert content == sample_oru(results)
    assert content.count(b"\rOBX|") == results
    if results <= 30:
        (record,) = adapter.decode(content, SITE).records
        assert len(record.results) == results


def test_a_sample_of_thirty_results_has_the_size_of_a_real_one() -> None:
    assert 5_000 < len(sample_oru(30)) < 9_000


def test_many_messages_are_as_many_patients_reports_and_message_numbers(adapter: Adapter) -> None:
    names, numbers, fillers, patients, residents = set(), set(), set(), set(), set()
    for name, content in many(300):
        decoded = adapter.decode(content, SITE)
        assert {str(issue.severity) for issue in decoded.issues} <= {"info"}
        (record,) = decoded.records
        assert record.filler is not None
        assert len(record.results) == 30
        names.add(name)
        numbers.add(decoded.native_id)
        fillers.add(record.filler.value)
        patients.add(record.patient.identifiers[0].value)
        residents.add(record.patient.identifiers[1].value)
    assert len(names) == len(numbers) == len(fillers) == len(patients) == len(residents) == 300
    assert all(is_usable("resident-id", number, TODAY) for number in residents)


def test_many_messages_are_the_same_again_and_others_with_another_seed() -> None:
    assert list(many(5)) == list(many(5))
    assert set(many(5)).isdisjoint(many(5, seed=2))


def test_many_messages_are_distinct_beyond_one_round_of_birth_dates() -> None:
    wide = itertools.islice(many(30_002, results=1), 29_999, None)
    residents = {re.findall(rb"~(.{18})\^", content)[0] for _, content in wide}
    assert len(residents) == 3


def test_the_example_is_a_message_and_the_question_that_finds_it(adapter: Adapter) -> None:
    made = example(today=TODAY)
    assert made == example(today=TODAY)
    asked = json.loads(made.order_check)
    site = Site(made.site, made.institution, "hl7v2", {})
    decoded = adapter.decode(made.message, site)
    assert decoded.issues == ()
    (record,) = decoded.records
    (number,) = asked["patient"]["identifiers"]
    assert is_usable(number["type"], number["value"], TODAY)
    assert number["value"] in {one.value for one in record.patient.identifiers}
    assert asked["patient"]["name"] == record.patient.names[0].text
    assert asked["patient"]["birth_date"] == _born(record)
    assert is_credit_code(asked["receiver"]["institution"])
    assert asked["receiver"]["institution"] != made.institution
    assert "on" not in asked
    at = datetime(2026, 6, 15, 10, tzinfo=timezone(timedelta(hours=8)))
    dated = json.loads(example(today=TODAY, on=at).order_check)
    assert dated == {**asked, "on": "2026-06-15T10:00:00+08:00"}


def _born(record: LabReportRecord) -> str:
    return record.patient.birth_date.text if record.patient.birth_date else ""
