"""The facts of images, each from its own place, and none made up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.fhir import INSTITUTION, ITEM, LOINC, Resource, extension
from hie.recognition.catalogue import load_catalogue
from hie.recognition.imaging_record import read_imaging_candidate
from hie.recognition.record import Issuer
from hie.recognition.study import Study, read_study
from hie.terminology.body_part import Parts
from tests.unit.recognition import records
from tests.unit.recognition.records import a_study, an_imaging_report, study_facts

MODALITIES = load_catalogue().class_of_modality
CT, CAPTURE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"
PHOTOGRAPH, REPORT = "1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.840.10008.5.1.4.1.1.88.11"


def read(study: Resource | None = None, report: Resource | None = None) -> Study:
    return read_study(study, report, MODALITIES)


def plain(*series: Resource, **study: Any) -> Resource:
    """A study of another maker, without the hub's own facts."""
    return {"resourceType": "ImagingStudy", "id": "x", "series": list(series), **study}


def instances(*classes: str, first: int | None = 1) -> list[Resource]:
    return [
        {"uid": f"2.25.{n}", "sopClass": {"code": f"urn:oid:{one}"},
         **({} if first is None else {"number": first + n})}
        for n, one in enumerate(classes)
    ]  # fmt: skip


def test_the_hubs_own_facts_are_read_as_they_stand() -> None:
    facts = {
        "laterality": "R", "contrast": "both", "protocol": ["low-dose", "angiography"],
        "tracer": "18F-FDG", "expected": 12, "received": 11, "complete_left": True,
        "complete_right": False, "identity": "different",
    }  # fmt: skip
    assert read(a_study(facts=facts)) == Study(
        exists=True, klass="CT", parts=Parts(frozenset({"CHEST"})), laterality="R",
        contrast="both", protocols=frozenset({"low-dose", "angiography"}), tracer="18F-FDG",
        expected=12, received=11, retrievable=True, original=True, complete=True,
        complete_left=True, complete_right=False, identity="different",
    )  # fmt: skip


def test_a_fact_that_is_left_out_is_not_known() -> None:
    bare = {"resourceType": "ImagingStudy", "id": "x", "extension": study_facts()}
    assert read(bare) == Study(exists=True)
    assert read({"resourceType": "ImagingStudy", "id": "x"}) == Study(exists=True)
    assert read(None, {"resourceType": "DiagnosticReport", "id": "r"}) == Study(exists=False)


def test_a_fact_of_a_wrong_type_or_word_is_not_known() -> None:
    facts = [
        {"url": "expected", "valueString": "12"}, {"url": "received", "valueInteger": -1},
        {"url": "retrievable", "valueString": "yes"}, {"url": "contrast", "valueCode": "maybe"},
        {"url": "laterality", "valueCode": "X"}, {"url": "identity", "valueCode": "unknown"},
        {"url": "class"}, {"url": "complete", "valueInteger": 1},
        {"url": "body-part", "valueInteger": 5}, {"url": "protocol", "valueBoolean": True},
    ]  # fmt: skip
    study = {"extension": [{"url": extension("study-facts"), "extension": facts}]}
    assert read(study) == Study(exists=True)


@pytest.mark.parametrize(
    ("status", "stated", "retrievable"),
    [("available", True, True), ("available", False, False), ("available", None, None),
     ("registered", True, None), ("registered", False, False), ("cancelled", True, False),
     ("entered-in-error", True, False), ("unknown", True, True)],
)  # fmt: skip
def test_images_can_be_got_when_the_study_is_there_and_its_source_gives_them(
    status: str, stated: bool | None, retrievable: bool | None
) -> None:
    study = a_study(status=status, facts={"retrievable": stated})
    assert read(study).retrievable is retrievable


def test_texts_that_name_no_protocol_are_none_and_no_text_is_not_known() -> None:
    assert read(a_study()).protocols == frozenset()
    assert read(a_study(facts={"texts": False})).protocols is None
    assert read(a_study(facts={"texts": None, "protocol": ["screening"]})).protocols == {
        "screening"
    }


def test_the_report_fills_what_the_study_leaves_open() -> None:
    nothing = {"body_part": None, "contrast": None, "texts": False}
    said = {"body_part": ["KNEE"], "laterality": "L", "contrast": "none", "protocol": ["portable"],
            "texts": True, "tracer": "FDG", "expected": 5}  # fmt: skip
    found = read(a_study(facts=nothing), an_imaging_report(facts=said))
    assert found.parts.codes == {"KNEE"}
    assert (found.laterality, found.contrast, found.tracer) == ("L", "none", "FDG")
    assert found.protocols == frozenset({"portable"})
    assert found.expected == 5
    assert found.received == 3


def test_the_study_speaks_before_its_report() -> None:
    said = {"body_part": ["KNEE"], "laterality": "L", "contrast": "enhanced", "expected": 2,
            "identity": "different", "complete": False, "received": 9}  # fmt: skip
    found = read(a_study(facts={"laterality": "R"}), an_imaging_report(facts=said))
    assert found.parts.codes == {"CHEST"}
    assert (found.laterality, found.contrast) == ("R", "none")
    assert (found.expected, found.received) == (3, 3)
    assert (found.identity, found.complete) == ("same", True)


def test_protocols_are_taken_from_both_and_the_largest_count() -> None:
    said = {"protocol": ["low-dose"], "texts": True, "expected": 7}
    found = read(a_study(facts={"protocol": ["angiography"]}), an_imaging_report(facts=said))
    assert found.protocols == frozenset({"low-dose", "angiography"})
    assert found.expected == 7


def test_the_reports_code_is_a_procedure_text() -> None:
    report = an_imaging_report()
    report["code"]["text"] = "胸部CT增强 低剂量"
    found = read(a_study(facts={"contrast": None, "texts": False}), report)
    assert found.contrast == "enhanced"
    assert found.protocols == frozenset({"low-dose"})


def test_a_plain_study_speaks_by_its_own_elements() -> None:
    found = read(
        plain(
            {"uid": "1", "modality": {"code": "CT"}, "description": "CT plain C-",
             "bodySite": {"display": "Chest"}, "laterality": {"code": "7771000"},
             "numberOfInstances": 2, "instance": instances(CT, CT)},
            status="available", description="胸部低剂量筛查",
        )
    )  # fmt: skip
    assert found == Study(
        exists=True, klass="CT", parts=Parts(frozenset({"CHEST"})), laterality="L",
        contrast="none", protocols=frozenset({"low-dose", "screening"}), expected=2, received=2,
        retrievable=True, original=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "klass"),
    [(["CR"], "XRAY"), (["DR"], "XRAY"), (["CT", "SR"], "CT"), (["CT", "PT"], "NM"),
     (["IVUS"], "US"), (["CT", "MR"], None), (["OT"], None), ([], None), (["CR", "DX"], "XRAY")],
)  # fmt: skip
def test_the_class_of_a_plain_study_is_its_modalities(codes: list[str], klass: str | None) -> None:
    assert read(plain(modality=[{"code": code} for code in codes])).klass == klass


@pytest.mark.parametrize(
    ("classes", "original"),
    [((CT,), True), ((CAPTURE,), False), ((CAPTURE + ".2", PHOTOGRAPH), False),
     ((CAPTURE, CT), True), ((CAPTURE, REPORT), False), ((REPORT,), None), ((), None)],
)  # fmt: skip
def test_captures_and_photographs_are_no_originals(
    classes: tuple[str, ...], original: bool | None
) -> None:
    assert read(plain({"instance": instances(*classes)})).original is original


@pytest.mark.parametrize(
    ("series", "study", "expected"),
    [
        ([{"numberOfInstances": 2}, {"numberOfInstances": 3}], {}, 5),
        ([{"numberOfInstances": 2}, {"numberOfInstances": 3}], {"numberOfInstances": 9}, 9),
        ([{"numberOfInstances": 2}, {}], {}, None),
        ([{"instance": instances(CT, CT, CT)}], {}, 3),
        ([{"instance": instances(CT, CT, first=2)}], {}, None),
        ([{"instance": instances(CT, first=None)}], {}, None),
        ([{"instance": [{"number": 1}, {"number": 7}]}], {}, 7),
        ([], {}, None),
    ],
)  # fmt: skip
def test_how_many_images_there_should_be_is_stated_or_counted_from_one(
    series: list[Resource], study: Resource, expected: int | None
) -> None:
    assert read(plain(*series, **study)).expected == expected


def test_a_record_is_named_by_its_study_else_its_report() -> None:
    found = records.an_imaging_candidate(key="abc")
    assert found.resource == "ImagingStudy/abc/_history/1"
    assert (found.report, found.result) == ("F1", "urn:oid:2.25.abc")
    alone = records.an_imaging_candidate(key="abc", study=False)
    assert alone.resource == "DiagnosticReport/r-abc/_history/1"
    assert (alone.report, alone.result) == ("F1", "")
    with pytest.raises(ValueError, match="a study, a report, or both"):
        candidate()


def candidate(study: Any = None, report: Any = None, **other: Any) -> Any:
    return read_imaging_candidate(
        study, report, None, identity=records.STRONG, catalogue=load_catalogue(), **other
    )


def test_images_were_made_when_the_study_started_and_only_without_one_when_the_report_says() -> (
    None
):
    report = an_imaging_report(effective="2026-06-01T08:00:00+08:00")
    found = candidate(a_study(), report).collected
    assert found.text == records.COLLECTED
    assert candidate(a_study(started=None), report).collected is None
    assert candidate(None, report).collected.text == "2026-06-01T08:00:00+08:00"
    period = {**report, "effectivePeriod": {"start": "2026-06-02"}}
    del period["effectiveDateTime"]
    assert candidate(None, period).collected.text == "2026-06-02"


def test_the_class_is_dicoms_then_the_reports_map() -> None:
    for study, report, expected in (
        (a_study(), an_imaging_report(item="MRI", mapping="unconfirmed"), ("CT", "confirmed")),
        (a_study(item=None), an_imaging_report(item="MRI"), ("MRI", "confirmed")),
        (a_study(item=None), an_imaging_report(mapping="unconfirmed"), ("CT", "unconfirmed")),
        (a_study(item=None), an_imaging_report(mapping=None), ("CT", "unconfirmed")),
        (a_study(item="RF"), an_imaging_report(item="K"), (None, None)),
        (a_study(item=None), None, (None, None)),
        (None, an_imaging_report(item=None, facts={"class": "CT"}), (None, None)),
    ):
        found = candidate(study, report)
        assert (found.item, found.mapping) == expected


def test_the_code_shown_is_the_reports_else_the_modalities() -> None:
    report = an_imaging_report()
    report["code"]["coding"].append({"system": LOINC, "code": "24627-2"})
    assert candidate(a_study(), report).code == "24627-2"
    assert candidate(a_study(), an_imaging_report()).code == "CT-01"
    study = {**a_study(), "modality": [{"code": "CT"}, {"code": "SR"}]}
    assert candidate(study, an_imaging_report(code=None)).code == "CT/SR"
    assert candidate(study).code == "CT/SR"
    assert ITEM not in str(candidate(study).code)


def test_the_institution_is_where_the_images_were_made_then_the_reports_then_the_senders() -> None:
    def at(code: str) -> Resource:
        return {"reference": f"Organization/{code}",
                "identifier": {"system": INSTITUTION, "value": code}}  # fmt: skip

    made = {"url": extension("performing-institution"), "valueReference": at("A")}
    study = {"resourceType": "ImagingStudy", "id": "x", "extension": [made]}
    report = {"resourceType": "DiagnosticReport", "id": "r", "performer": [at("B")]}
    site = Issuer("S", "丙")
    assert candidate(study, report, site=site).institution == "A"
    assert (
        candidate({"resourceType": "ImagingStudy", "id": "x"}, report, site=site).institution == "B"
    )
    assert candidate({"resourceType": "ImagingStudy", "id": "x"}, site=site).institution == "S"
    assert candidate({"resourceType": "ImagingStudy", "id": "x"}).institution is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                                                                max_size=3),
)  # fmt: skip


@given(
    st.lists(st.dictionaries(st.sampled_from(["url", "valueCode", "valueBoolean", "valueX"]), JSON))
)
def test_facts_of_any_content_are_read_or_left_unknown(facts: Any) -> None:
    read({"extension": [{"url": extension("study-facts"), "extension": facts}]})
