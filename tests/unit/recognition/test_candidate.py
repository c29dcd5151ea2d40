"""A candidate's facts, each from its own place in FHIR, and none made up."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.fhir import INSTITUTION, LOINC, RESULT_CLASS, UCUM, extension
from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import load_catalogue
from hie.recognition.imaging_record import read_imaging_candidate
from hie.recognition.moment import earliest_day, find_moment
from hie.recognition.record import Issuer, read_candidate, read_issuer
from hie.recognition.value import read_value
from tests.unit.recognition import records
from tests.unit.recognition.records import a_candidate, a_report, an_observation, an_organization


def read(observation: Any, report: Any = None, specimen: Any = None, **other: Any) -> Candidate:
    return read_candidate(
        observation, report, specimen, None, identity=records.STRONG, catalogue=load_catalogue(),
        **{"issuers": {"Organization/source": read_issuer(an_organization())}, **other},
    )  # fmt: skip


def test_a_record_names_itself_with_its_version() -> None:
    found = a_candidate(key="abc", report="F9", result="F9/K/")
    assert found.resource == "Observation/abc/_history/1"
    assert (found.report, found.result) == ("F9", "F9/K/")


def test_a_bare_observation_has_no_more_facts_than_it_states() -> None:
    found = read({"resourceType": "Observation", "id": "x"})
    assert found.resource == "Observation/x"
    assert found.institution is None
    nothing = (found.item, found.mapping, found.code, found.status, found.report_status,
               found.collected, found.received, found.issued, found.control)  # fmt: skip
    assert set(nothing) == {None}
    assert not found.reviewed
    assert not found.value.stated


def test_collection_is_the_results_own_time_before_the_specimens() -> None:
    specimen = {"collection": {"collectedDateTime": "2026-06-11T07:00:00+08:00"}}
    own = read(an_observation(), a_report(), specimen).collected
    assert own is not None
    assert own.text == records.COLLECTED
    other = read(an_observation(collected=None), a_report(), specimen).collected
    assert other is not None
    assert other.text == "2026-06-11T07:00:00+08:00"


def test_a_period_counts_from_its_start() -> None:
    observation = an_observation(collected=None)
    observation["effectivePeriod"] = {"start": "2026-06-12T06:00:00Z", "end": "2026-06-13"}
    found = read(observation).collected
    assert found is not None
    assert found.text == "2026-06-12T06:00:00Z"
    specimen = {"collection": {"collectedPeriod": {"start": "2026-06-10"}}}
    found = read(an_observation(collected="2026-06"), None, specimen).collected
    assert found is not None
    assert found.text == "2026-06-10"


@pytest.mark.parametrize(
    "text", ["2026", "2026-06", "2026-06-31", "2026-06-12T08:00:00", "yesterday", ""]
)
def test_a_time_of_less_than_a_day_or_no_time_counts_as_missing(text: str) -> None:
    assert read(an_observation(collected=text)).collected is None


def test_receipt_is_arrival_at_the_laboratory() -> None:
    received = "2026-06-12T09:00:00+08:00"
    report = a_report(received=received)
    specimen = {"receivedTime": "2026-06-12T09:30:00+08:00"}
    for given_, expected in ((report, received), (a_report(), specimen["receivedTime"])):
        found = read(an_observation(), given_, specimen).received
        assert found is not None
        assert found.text == expected


def test_release_is_the_reports_before_the_results() -> None:
    observation = an_observation(issued="2026-06-12T10:00:00+08:00")
    for report, expected in (
        (a_report(issued="2026-06-12T11:00:00+08:00"), "2026-06-12T11:00:00+08:00"),
        (a_report(issued=None), "2026-06-12T10:00:00+08:00"),
    ):
        found = read(observation, report).issued
        assert found is not None
        assert found.text == expected


def test_a_release_without_a_time_of_day_is_the_day_that_was_sent() -> None:
    day = {"url": extension("issued-as-sent"), "valueDateTime": "2026-06-12"}
    report = {"resourceType": "DiagnosticReport", "id": "r1", "extension": [day]}
    result = read(an_observation(issued="2026-06-14T08:00:00+08:00"), report)
    images = read_imaging_candidate(
        None, report, None, identity=records.STRONG, catalogue=load_catalogue()
    )
    for found in (result.issued, images.issued):
        assert found is not None
        assert (found.text, found.day.isoformat()) == ("2026-06-12", "2026-06-12")


def test_the_institution_is_the_performers_then_the_reports_then_the_senders() -> None:
    issuers = {"Organization/a": Issuer("A", "甲"), "Organization/b": Issuer(None, "乙")}
    site = Issuer("S", "丙")
    report = {**a_report(), "performer": [{"reference": "Organization/b/_history/3"}]}
    own = read(an_observation(performer="Organization/a"), report, issuers=issuers, site=site)
    assert (own.institution, own.institution_name) == ("A", "甲")
    reports = read(an_observation(performer=None), report, issuers=issuers, site=site)
    assert (reports.institution, reports.institution_name) == ("", "乙")
    staff = an_observation(performer="Practitioner/p")
    assert read(staff, a_report(), issuers=issuers, site=site).institution == "S"
    assert read(staff, a_report(), issuers=issuers).institution is None


def test_a_performer_says_its_institution_beside_the_reference() -> None:
    observation = an_observation(performer="Organization/a")
    observation["performer"][0]["display"] = "甲"
    without_code = read(observation, a_report(), issuers={})
    assert (without_code.institution, without_code.institution_name) == ("", "甲")
    observation["performer"][0]["identifier"] = {"system": INSTITUTION, "value": records.SOURCE}
    found = read(observation, a_report(), issuers={})
    assert (found.institution, found.institution_name) == (records.SOURCE, "甲")


def test_the_hubs_own_map_goes_before_a_loinc_code() -> None:
    mapped = a_candidate(item="K", mapping="unconfirmed", code="2823-3")
    assert (mapped.item, mapped.mapping, mapped.code) == ("K", "unconfirmed", "2823-3")
    sent = a_candidate(item=None, code="2823-3")
    assert (sent.item, sent.mapping) == ("K", "confirmed")
    unknown = a_candidate(item=None, code="2947-0")
    assert (unknown.item, unknown.mapping, unknown.code) == (None, None, "2947-0")
    local = a_candidate(item=None)
    assert local.code == "LOCAL-1"
    assert a_candidate(item="NO-SUCH-ITEM").item is None


VALUES: list[tuple[str, Any, Any, Any]] = [
    ("K", {"value": "4.10", "unit": "mmol/L"}, "4.10", "mmol/L"),
    ("K", {"value": "4.10", "unit": "mEq/L"}, "4.10", "mmol/L"),
    ("K", {"value": "4.1", "unit": "umol/L"}, None, None),
    ("K", {"value": "4.1", "unit": None}, None, None),
    ("CRE", {"value": "1.0", "unit": "mg/dL"}, "88.4", "umol/L"),
    ("CRE", {"value": "88", "unit": "μmol/L"}, "88", "umol/L"),
    ("HBA1C", {"value": "48", "unit": "mmol/mol"}, "6.5", "%"),
    ("PLT", {"value": "120", "unit": "G/L"}, "120", "10*9/L"),
    ("HGB", {"value": "13.05", "unit": "g/dL"}, "130.5", "g/L"),
    ("UREA", {"value": "30", "unit": "mg/dL", "code": "3094-0"}, "10.71", "mmol/L"),
    ("UREA", {"value": "30", "unit": "mg/dL", "code": "22664-7"}, None, None),
    ("CRE", {"value": "0.5", "unit": "mg/dL", "comparator": "<"}, "<44.2", "umol/L"),
    ("HBSAG", {"words": "弱阳性"}, "indeterminate", None),
    ("HBSAG", {"words": "见报告单"}, None, None),
    ("HBSAG", {"value": "0.02", "unit": "COI", "flag": "POS"}, "reactive", None),
    ("HBSAG", {"value": "0.02", "unit": "COI", "flag": "H"}, None, None),
    ("HBSAG", {"value": None, "flag": "NEG"}, "non-reactive", None),
    ("K", {"value": None, "flag": "NEG"}, None, None),
]


@pytest.mark.parametrize(("item", "sent", "text", "unit"), VALUES)
def test_a_value_is_shown_in_the_items_own_terms(
    item: str, sent: Any, text: Any, unit: Any
) -> None:
    value = a_candidate(item=item, **sent).value
    assert (value.text, value.unit) == (text, unit)


def test_what_was_reported_is_kept_beside_the_canonical_value() -> None:
    value = a_candidate(item="CRE", value="1.00", unit="mg/dL", low="0.5", high="1.10").value
    assert (value.reported, value.reported_unit) == ("1.00", "mg/dL")
    assert (value.low, value.high) == ("0.5", "1.10")
    assert value.exact == Decimal("88.4")


def test_the_hubs_extension_says_what_was_reported_before_it_converted() -> None:
    observation = an_observation(item="CRE", value="88.4", unit="umol/L")
    observation["valueQuantity"] |= {"system": UCUM, "code": "umol/L"}
    observation["extension"] = [
        {
            "url": extension("reported"),
            "valueQuantity": {"value": Decimal("1.0"), "unit": "mg/dL"},
        }
    ]
    value = read(observation).value
    assert (value.reported, value.reported_unit) == ("1.0", "mg/dL")
    assert (value.text, value.unit) == ("88.4", "umol/L")


def test_a_quantity_without_a_unit_text_is_read_by_its_code() -> None:
    observation = an_observation(unit=None)
    observation["valueQuantity"]["code"] = "mmol/L"
    assert read(observation).value.text == "4.1"


def test_a_class_is_read_from_code_text_display_or_code() -> None:
    item = load_catalogue().items["HBSAG"]
    for concept in (
        {"coding": [{"system": RESULT_CLASS, "code": "reactive"}], "text": "其他"},
        {"text": " 阳 性 "},
        {"coding": [{"system": "urn:x", "code": "260373001", "display": "Positive"}]},
        {"coding": [{"system": "urn:x", "code": "POS"}]},
    ):
        assert read_value({"valueCodeableConcept": concept}, item).result_class == "reactive"
    assert read_value({"valueString": "（－）"}, item).result_class == "non-reactive"


def test_several_or_worded_intervals_are_shown_as_none() -> None:
    one = {"low": {"value": Decimal("3.5")}, "high": {"value": Decimal("5.3")}}
    for ranges in ([one, one], [{"text": "阴性"}], []):
        value = read_value({**an_observation(), "referenceRange": ranges}, None)
        assert (value.low, value.high) == (None, None)


@pytest.mark.parametrize(
    ("element", "value", "reported"),
    [
        ("valueString", "见图", "见图"),
        ("valueRange", {"low": {"value": Decimal("0.01")}, "high": {"value": 5}}, "0.01-5"),
        ("valueRatio", {"numerator": {"value": 1}, "denominator": {"value": 128}}, "1:128"),
        ("valueTime", "08:30:00", "08:30:00"),
        ("valueBoolean", True, "true"),
        ("valueQuantity", {"value": Decimal("1E+400")}, "1E+400"),
        ("valueInteger", 5, "5"),
    ],
)
def test_any_kind_of_value_is_shown_as_reported(element: str, value: Any, reported: str) -> None:
    found = read_value({element: value}, load_catalogue().items["K"])
    assert found.stated
    assert found.reported == reported
    assert found.text is None


def test_a_number_no_laboratory_reports_is_no_number() -> None:
    for text in ("1E+400", "1E-400", "9" * 40, "NaN", "Infinity"):
        assert read_value({"valueQuantity": {"value": Decimal(text)}}, None).number is None
    assert read_value({"valueInteger": True}, None).number is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=0, max_value=10**6))
def test_a_value_that_needs_no_conversion_keeps_its_digits(number: Decimal) -> None:
    value = a_candidate(item="K", value=str(number)).value
    assert value.text == value.reported == format(number, "f")


def test_days_are_those_of_shanghai() -> None:
    found = [find_moment(text) for text in ("2026-06-07T16:00:00Z", "2026-06-08",
                                            "2026-06-07T23:59:59+08:00")]  # fmt: skip
    assert [m and m.day.isoformat() for m in found] == ["2026-06-08", "2026-06-08", "2026-06-07"]


def test_later_is_by_instant_or_by_day_if_either_is_only_a_day() -> None:
    noon, one, day, next_ = (find_moment(text) for text in (
        "2026-06-08T12:00:00+08:00", "2026-06-08T05:00:00Z", "2026-06-08", "2026-06-09"
    ))  # fmt: skip
    assert noon
    assert one
    assert day
    assert next_
    assert one.is_later_than(noon)
    assert not noon.is_later_than(one)
    assert not noon.is_later_than(noon)
    assert not noon.is_later_than(day)
    assert next_.is_later_than(noon)
    assert not day.is_later_than(one)


@pytest.mark.parametrize(
    ("text", "day"),
    [("1949", "1949-01-01"), ("1949-12", "1949-12-01"), ("1949-12-31", "1949-12-31"),
     ("1949-13", None), ("1949-02-29", None), ("1949-1", None), ("", None), (None, None)],
)  # fmt: skip
def test_a_partial_date_is_as_early_as_it_may_be(text: str | None, day: str | None) -> None:
    found = earliest_day(text)
    assert (found.isoformat() if found else None) == day


def test_a_loinc_code_is_found_among_other_codings() -> None:
    observation = an_observation(item=None)
    observation["code"]["coding"].append({"system": LOINC, "code": "2951-2"})
    assert read(observation).item == "NA"
