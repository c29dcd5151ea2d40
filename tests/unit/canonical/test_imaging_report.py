"""An imaging report becomes a DiagnosticReport that says what it knows of the examination."""

from typing import Any

import pytest

from hie.canonical.examination import read_examination, read_name
from hie.canonical.imaging_report import FACTS, FINDINGS
from hie.fhir import ITEM, SECTION, Resource, extension, site_system
from hie.fhir.elements import find_extension
from hie.fhir.profile import check
from hie.records import Attachment, Coded, Identifier, Staff, Val
from hie.terminology.concept_map import MapEntry, MapState
from tests.builders import an_imaging_record
from tests.unit.canonical.making import Ids, keys_of, made, of_type, only


def reported(**record: Any) -> Resource:
    found = only(made(an_imaging_record(**record)), "DiagnosticReport")
    assert check({**found, "id": "r1"}) == []
    return found


def facts(report: Resource) -> list[tuple[str, Any]]:
    found = find_extension(report, FACTS) or {"extension": []}
    return [(f["url"], next(f[k] for k in f if k != "url")) for f in found["extension"]]


def named(text: str) -> Coded:
    return Coded("E1", text, "99RIS", "OBR[1]-4")


def test_everything_that_is_made_is_valid_r4_and_makes_no_result() -> None:
    built = made(an_imaging_record(requester=Staff("OBR[1]-16", "7", "赵")))
    for key, resource in built.resources.items():
        assert check({**resource, "id": "x1"}) == [], key
    assert of_type(built, "Observation") == []
    assert built.codes == []
    assert only(built, "ServiceRequest")["code"]["text"] == "胸部CT平扫"


def test_it_says_what_was_seen_and_concluded_and_by_whom() -> None:
    found = reported(
        accession=Identifier("ACC7", "accession", None, "OBR[1]-18"),
        reviewers=(Staff("OBR[1]-32", "31", "李审核"),),
        forms=(Attachment("application/pdf", "OBX[3]-5", b"%PDF"),),
        notes=(Val("DLP: 230 mGy.cm", "OBX[4]"),),
    )
    assert find_extension(found, FINDINGS)["valueString"] == "双肺纹理清晰。"
    assert found["conclusion"] == "未见异常。"
    assert found["resultsInterpreter"][0]["display"] == "李审核"
    assert found["effectiveDateTime"] == "2026-06-12T08:10:00+08:00"
    assert found["identifier"][-1] == {
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                             "code": "ACSN"}]},
        "system": site_system("lis-1", "accession"),
        "value": "ACC7",
    }  # fmt: skip
    assert found["presentedForm"][0]["contentType"] == "application/pdf"
    assert {"url": extension("note"), "valueString": "DLP: 230 mGy.cm"} in found["extension"]


def test_a_class_that_is_stated_is_confirmed_and_a_fact() -> None:
    found = reported()
    own = found["code"]["coding"][0]
    assert (own["system"], own["code"]) == (ITEM, "CT")
    assert own["extension"][0]["valueCode"] == "confirmed"
    assert facts(found) == [
        ("class", "CT"), ("body-part", "CHEST"), ("contrast", "none"), ("texts", True),
    ]  # fmt: skip


def test_a_class_of_the_name_alone_is_unconfirmed_and_no_fact() -> None:
    found = reported(class_stated=False)
    assert found["code"]["coding"][0]["extension"][0]["valueCode"] == "unconfirmed"
    assert "class" not in dict(facts(found))


def test_no_class_is_no_coding_of_ours() -> None:
    found = reported(class_hint=None, class_stated=False, category="RAD")
    assert all(one["system"] != ITEM for one in found["code"]["coding"])
    assert found["category"] == [{"coding": [{"system": SECTION, "code": "RAD"}]}]


def test_a_map_of_the_site_says_the_class_of_an_examination() -> None:
    maps = {("99RIS", "CT01"): MapEntry("MRI", None, MapState.APPROVED)}
    found = only(made(an_imaging_record(class_stated=False), maps=maps), "DiagnosticReport")
    assert found["code"]["coding"][0]["code"] == "MRI"
    proposed = {("99RIS", "CT01"): MapEntry("MRI", None, MapState.PROPOSED)}
    kept = only(made(an_imaging_record(), maps=proposed), "DiagnosticReport")
    assert kept["code"]["coding"][0]["code"] == "CT"


@pytest.mark.parametrize(
    ("sent", "klass", "code", "text"),
    [
        ("CT", "CT", "CT", None), ("ct", "CT", "CT", "ct"), (None, "CT", "CT", None),
        (None, "MRI", "NMR", None), ("MR", "MRI", "NMR", "MR"), ("影像科", "US", "RUS", "影像科"),
        (None, "MG", "RAD", None), (None, None, "RAD", None), ("RAD", "MG", "RAD", None),
        ("OUS", "US", "OUS", None),
    ],
)  # fmt: skip
def test_the_category_is_hl7_s_section_beside_what_was_sent(
    sent: str | None, klass: Any, code: str, text: str | None
) -> None:
    (found,) = reported(category=sent, class_hint=klass)["category"]
    assert found["coding"] == [{"system": SECTION, "code": code}]
    assert found.get("text") == text


def test_the_facts_are_those_of_names_technique_and_statements() -> None:
    found = reported(
        code=named("左膝关节MRI"),
        class_hint="MRI",
        technique=Val("平扫+增强，低剂量", "OBX[3]"),
        tracer=Val("18F-FDG", "OBX[5]"),
        stated_instances=120,
    )
    assert facts(found) == [
        ("class", "MRI"), ("body-part", "KNEE"), ("laterality", "L"), ("contrast", "both"),
        ("protocol", "low-dose"), ("texts", True), ("tracer", "18F-FDG"), ("expected", 120),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parts", "side"),
    [
        ("胸部CT平扫+增强", {"CHEST"}, None), ("头颅MRI平扫", {"HEAD"}, None),
        ("左膝关节正侧位", {"KNEE"}, "L"), ("右手正斜位片", {"HAND"}, "R"),
        ("双侧乳腺钼靶", {"BREAST"}, "B"), ("双乳钼靶", {"BREAST"}, "B"),
        ("胸部低剂量CT筛查", {"CHEST"}, None), ("头颈CTA", {"HEAD", "NECK"}, None),
        ("全身骨显像", {"WHOLEBODY"}, None), ("胸腹部CT（平扫）", {"CHEST", "ABDOMEN"}, None),
        ("床旁胸片", {"CHEST"}, None), ("Chest CT WO contrast", {"CHEST"}, None),
        ("Left knee X-ray", {"KNEE"}, "L"), ("Breast - bilateral Mammogram", {"BREAST"}, "B"),
    ],
)  # fmt: skip
def test_a_name_says_the_part_and_the_side(name: str, parts: set[str], side: str | None) -> None:
    assert read_name(name) == (parts, side)


@pytest.mark.parametrize("name", ["肝胆胰脾彩超", "Chest CT follow up", "CT", "会诊读片", ""])
def test_a_name_that_is_not_understood_whole_says_no_part(name: str) -> None:
    assert read_name(name)[0] == frozenset()


def test_a_stated_part_counts_before_the_name_and_stands_as_sent_if_it_is_not_understood() -> None:
    stated = an_imaging_record(body_parts=(Val("左膝", "OBX[3]"), Val("肝胆胰脾", "OBX[4]")))
    found = read_examination(stated)
    assert found.body_parts == ("KNEE", "肝胆胰脾")
    assert found.laterality == "L"


@pytest.mark.parametrize(
    ("sent", "side"), [("L", "L"), ("右侧", "R"), ("双侧", "B"), ("bilateral", "B"), ("上", None)]
)
def test_a_stated_side_counts_before_the_name_s(sent: str, side: str | None) -> None:
    found = read_examination(an_imaging_record(laterality=Val(sent, "OBX[3]")))
    assert found.laterality == side


def test_a_correction_that_leaves_something_out_does_not_take_it_back() -> None:
    """Case 75 for words."""
    ids = Ids()
    stands = {**reported(), "imagingStudy": [{"reference": "ImagingStudy/s1"}]}
    again = an_imaging_record(status="corrected", findings=None, conclusion=Val("结节。", "OBX[1]"))
    existing = {keys_of(again).report: stands}
    found = only(made(again, ids=ids, existing=existing), "DiagnosticReport")
    assert find_extension(found, FINDINGS)["valueString"] == "双肺纹理清晰。"
    assert found["conclusion"] == "结节。"
    assert found["imagingStudy"] == [{"reference": "ImagingStudy/s1"}]


def test_what_is_taken_back_is_gone_and_so_is_all_of_a_withdrawn_report() -> None:
    """Case 76."""
    stands = reported()
    key = keys_of(an_imaging_record()).report

    def after(**record: Any) -> Resource:
        again = an_imaging_record(findings=None, conclusion=None, **record)
        return only(made(again, existing={key: stands}), "DiagnosticReport")

    taken = after(status="corrected", withdrawn=("findings",))
    assert find_extension(taken, FINDINGS) is None
    assert taken["conclusion"] == "未见异常。"
    for status in ("entered-in-error", "cancelled"):
        gone = after(status=status)
        assert find_extension(gone, FINDINGS) is None
        assert "conclusion" not in gone
