"""A laboratory report becomes resources that R4 accepts. All people are invented."""

from decimal import Decimal

import msgspec
import pytest

from hie.adapter import Severity
from hie.canonical.report import CLINICAL, NOTE, RECEIVED
from hie.fhir import ITEM, LOINC, SECTION, extension, local_code_system, site_system
from hie.fhir.profile import check
from hie.records import (
    Attachment,
    Coded,
    Identifier,
    Institution,
    Interpretation,
    ReferenceRange,
    SpecimenRecord,
    Staff,
    Text,
    Val,
    Visit,
)
from hie.terminology.concept_map import MapEntry, MapState
from tests.builders import a_lab_record, a_result, a_time
from tests.unit.canonical.making import INSTITUTION, Ids, codes, keys_of, made, of_type, only

UNIT = Coded("0301", "心内科", "99DEP", "ORC[1]-17")
FULL = a_lab_record(
    a_result(
        "5.60",
        interpretations=(Interpretation("H", "↑", "OBX[1]-8"),),
        ranges=(ReferenceRange("3.5-5.3", "OBX[1]-7", "3.5", "5.3"),),
        performer=Institution("OBX[1]-23", "91110000MA01234567", "检验中心"),
        staff=(Staff("OBX[1]-16", "41", "钱检验", Coded("LAB01", "生化室", None, "OBX[1]-15")),),
        method=Coded("ISE", "离子选择电极法", "99LAB", "OBX[1]-17"),
        device=Val("AU5800 7", "OBX[1]-18"),
        control="in",
        notes=(Val("已复查", "NTE[1]-3"),),
        identifier=Val("R-77", "OBX[1]-21"),
        specimen=0,
    ),
    specimens=(
        SpecimenRecord(
            "SPM[1]",
            (Identifier("S1", "filler", None, "SPM[1]-2"),),
            Coded("SER", "血清", None, "SPM[1]-4"),
            a_time(),
            a_time("2026-06-12T08:30:00+08:00"),
            (Coded(None, "轻度溶血", None, "SPM[1]-24"),),
            None,
            (Val("足量", "SPM[1]-14"),),
        ),
    ),
    received=a_time("2026-06-12T08:30:00+08:00"),
    reviewers=(Staff("OBR[1]-32", "31", "李审核"),),
    authors=(Staff("OBR[1]-34", "32", "孙报告"),),
    requester=Staff("OBR[1]-16", "7", "赵开单", UNIT),
    priority="stat",
    order_status="active",
    clinical=Val("乏力", "OBR[1]-13"),
    visit=Visit("PV1", Val("V1", "PV1-19"), "O", Val("心内科", "PV1-3")),
    notes=(Val("报告备注", "NTE[2]-3"),),
    status_code=Val("F", "OBR[1]-25"),
)


def test_everything_that_is_made_is_valid_r4() -> None:
    built = made(FULL)
    assert built.issues == []
    for key, resource in built.resources.items():
        assert resource["resourceType"] == key.type
        assert check({**resource, "id": "x1"}) == [], key
    assert {key.type for key in built.resources} == {
        "Patient", "Observation", "DiagnosticReport", "ServiceRequest", "Specimen", "Provenance",
        "Organization", "Practitioner", "PractitionerRole", "Device",
    }  # fmt: skip


def test_an_observation_says_what_its_obx_says() -> None:
    ids = Ids()
    built, keys = made(FULL, ids=ids), keys_of(FULL)
    found = only(built, "Observation")
    assert found["identifier"] == [
        {"system": site_system("lis-1", "result"), "value": "F1/K/"},
        {"system": site_system("lis-1", "result"), "value": "R-77"},
    ]
    item, loinc, local = found["code"]["coding"]
    assert (item["system"], item["code"]) == (ITEM, "K")
    assert item["extension"] == [{"url": extension("mapping"), "valueCode": "confirmed"}]
    assert loinc == {"system": LOINC, "code": "2823-3"}
    assert local == {
        "system": local_code_system("lis-1", "99LAB"), "code": "K", "display": "钾",
        "userSelected": True,
    }  # fmt: skip
    assert found["effectiveDateTime"] == "2026-06-12T08:10:00+08:00"
    assert found["issued"] == "2026-06-12T10:20:00+08:00"
    organization, observer = found["performer"]
    assert organization["identifier"]["value"] == "91110000MA01234567"
    assert observer["reference"].startswith("PractitionerRole/")
    assert found["referenceRange"] == [
        {"low": {"value": Decimal("3.5")}, "high": {"value": Decimal("5.3")}, "text": "3.5-5.3"}
    ]
    assert found["method"]["text"] == "离子选择电极法"
    assert found["note"] == [{"text": "已复查"}]
    assert found["specimen"] == {"reference": f"Specimen/{ids[keys.specimens[0]]}"}
    assert found["device"] == {"reference": f"Device/{ids[keys.device]}"}
    assert {"url": extension("control"), "valueCode": "in"} in found["extension"]


def test_a_role_links_person_institution_and_department() -> None:
    roles = of_type(made(FULL), "PractitionerRole")
    by_department = {one["specialty"][0]["text"]: one for one in roles}
    assert set(by_department) == {"心内科", "生化室"}
    asked = by_department["心内科"]
    assert asked["practitioner"]["display"] == "赵开单"
    assert asked["organization"]["reference"].startswith("Organization/")
    assert asked["specialty"][0]["coding"][0] == {
        "system": local_code_system("lis-1", "99DEP"), "code": "0301", "display": "心内科",
    }  # fmt: skip
    assert asked["identifier"][0]["value"] == f"7|{INSTITUTION}|0301"
    order = only(made(FULL), "ServiceRequest")
    assert order["requester"]["reference"].startswith("PractitionerRole/")
    assert order["requester"]["display"] == "赵开单"


def test_the_report_names_its_people_results_and_what_r4_has_no_place_for() -> None:
    found = only(made(FULL), "DiagnosticReport")
    beside = {one["url"]: one for one in found["extension"]}
    assert beside[RECEIVED]["valueDateTime"] == "2026-06-12T08:30:00+08:00"
    assert beside[CLINICAL]["valueString"] == "乏力"
    assert beside[NOTE]["valueString"] == "报告备注"
    assert [one["value"] for one in found["identifier"]] == ["F1", "A1"]
    assert found["resultsInterpreter"][0]["display"] == "李审核"
    assert found["performer"][1]["display"] == "孙报告"
    assert found["category"] == [{"coding": [{"system": SECTION, "code": "LAB"}]}]
    assert len(found["result"]) == 1


def test_the_order_has_status_priority_and_visit() -> None:
    found = only(made(FULL), "ServiceRequest")
    assert (found["status"], found["priority"], found["intent"]) == ("active", "stat", "order")
    assert found["note"] == [{"text": "visit V1"}]
    assert only(made(a_lab_record()), "ServiceRequest")["status"] == "completed"


def test_a_rejected_specimen_is_unsatisfactory_and_says_why() -> None:
    """Cases 85 and 86."""
    one = SpecimenRecord("SPM[1]", rejected=Coded("RH", "溶血", None, "SPM[1]-21"))
    found = only(made(a_lab_record(specimens=(one,))), "Specimen")
    assert found["status"] == "unsatisfactory"
    assert found["condition"][0]["text"] == "溶血"


def test_the_only_specimen_is_that_of_every_result_and_of_two_none_is_guessed() -> None:
    serum = SpecimenRecord("SPM[1]", type=Coded("SER", "血清", None, "SPM[1]-4"))
    assert "specimen" in only(made(a_lab_record(specimens=(serum,))), "Observation")
    both = made(a_lab_record(specimens=(serum, SpecimenRecord("SPM[2]"))))
    assert "specimen" not in only(both, "Observation")


def test_a_report_is_partial_while_a_result_is_open() -> None:
    """Case 78."""
    early = a_lab_record(a_result(status="preliminary"), a_result(code="Na"))
    assert only(made(early), "DiagnosticReport")["status"] == "partial"
    assert only(made(a_lab_record(a_result(status="preliminary"), status="preliminary")),
                "DiagnosticReport")["status"] == "preliminary"  # fmt: skip


def test_a_correction_with_missing_items_takes_none_away() -> None:
    """Case 75: only listed OBX change; the report lists what it ever listed."""
    ids = Ids()
    first = a_lab_record(a_result(code="K"), a_result(code="Na"))
    stands = only(made(first, ids=ids), "DiagnosticReport")
    again = a_lab_record(a_result("4.2", code="Na", status="corrected"), status="corrected")
    key = keys_of(again).report
    found = only(made(again, ids=ids, existing={key: stands}), "DiagnosticReport")
    assert {one["reference"] for one in found["result"]} == {
        one["reference"] for one in stands["result"]
    }
    assert found["status"] == "corrected"


@pytest.mark.parametrize(
    ("status", "letter"), [("entered-in-error", "D"), ("entered-in-error", "W"), ("cancelled", "X")]
)
def test_a_withdrawn_result_says_so(status: str, letter: str) -> None:
    """Cases 63 and 76: never deleted; its value is in history."""
    sent = Val(letter, "OBX[1]-11")
    found = only(made(a_lab_record(a_result(None, status=status, status_code=sent))), "Observation")
    assert found["status"] == status
    assert {"url": extension("status-as-sent"), "valueString": letter} in found["extension"]
    assert not [key for key in found if key.startswith("value")]


def test_an_addendum_is_an_amendment_and_keeps_its_letter() -> None:
    """Case 81."""
    found = only(
        made(a_lab_record(a_result(status="amended", status_code=Val("B", "OBX[1]-11")))),
        "Observation",
    )
    assert found["status"] == "amended"
    assert {"url": extension("status-as-sent"), "valueString": "B"} in found["extension"]


def test_a_printed_report_stands_beside_and_is_no_result() -> None:
    """Case 82: and nothing of it can be recognised."""
    pdf = Attachment("application/pdf", "OBX[1]-5", b"%PDF-1.4", title="报告")
    link = Attachment("application/pdf", "OBX[2]-5", url="https://lis.example/1.pdf")
    record = a_lab_record(a_result(), forms=(pdf, link))
    found = only(made(record), "DiagnosticReport")["presentedForm"]
    assert found[0] == {"contentType": "application/pdf", "data": "JVBERi0xLjQ=", "title": "报告"}
    assert found[1] == {"contentType": "application/pdf", "url": "https://lis.example/1.pdf"}


def test_a_release_time_without_hours_is_kept_as_it_was_sent() -> None:
    """FHIR's `issued` is an instant; a day is none (cases 110, 111 and 116)."""
    found = only(made(a_lab_record(issued=a_time("2026-06-12"))), "DiagnosticReport")
    assert "issued" not in found
    assert {"url": extension("issued-as-sent"), "valueDateTime": "2026-06-12"} in found["extension"]


def test_a_result_without_a_collection_time_says_none() -> None:
    """Case 115: never the message time."""
    built = made(a_lab_record(collected=None))
    assert "effectiveDateTime" not in only(built, "Observation")
    assert "effectiveDateTime" not in only(built, "DiagnosticReport")


def test_sex_and_age_ranges_are_all_listed() -> None:
    """Cases 103 and 104: none is chosen, and text alone is text."""
    ranges = (
        ReferenceRange("男 130-175", "OBX[1]-7", "130", "175", sex="male"),
        ReferenceRange("6-12岁", "OBX[1]-7", age_low=6, age_high=12),
        ReferenceRange("孕妇 见附表", "OBX[1]-7", pregnant=True),
    )
    male, age, pregnant = only(made(a_lab_record(a_result(ranges=ranges))), "Observation")[
        "referenceRange"
    ]
    assert male["appliesTo"] == [{"text": "male"}]
    assert age["age"] == {"low": {"value": 6, "unit": "a"}, "high": {"value": 12, "unit": "a"}}
    assert pregnant == {"appliesTo": [{"text": "pregnant"}], "text": "孕妇 见附表"}


def test_a_code_without_a_map_waits_for_a_person_and_is_on_the_list() -> None:
    built = made(a_lab_record(), maps={})
    (issue,) = built.issues
    assert (issue.code, issue.severity, issue.path) == ("unmapped-code", Severity.HOLD, "OBX[1]-3")
    assert [(one.system, one.code, one.name, one.unit) for one in built.codes] == [
        ("99LAB", "K", "钾", "mmol/L")
    ]
    assert all(c["system"] != ITEM for c in only(built, "Observation")["code"]["coding"])


@pytest.mark.parametrize(
    ("state", "expected"),
    [(MapState.APPROVED, "confirmed"), (MapState.PROPOSED, "unconfirmed"), (MapState.REJECTED, None),
     (MapState.UNMAPPED, None)],
)  # fmt: skip
def test_a_map_confirms_only_when_it_is_approved(state: MapState, expected: str | None) -> None:
    built = made(a_lab_record(), maps={("99LAB", "K"): MapEntry("K", None, state)})
    found = [
        coding["extension"][0]["valueCode"]
        for coding in only(built, "Observation")["code"]["coding"]
        if coding["system"] == ITEM
    ]
    assert found == ([expected] if expected else [])
    assert ("unmapped-code" in codes(built)) == (state is MapState.UNMAPPED)


@pytest.mark.parametrize("place", ["first", "alternate"])
def test_a_loinc_that_was_sent_needs_no_map(place: str) -> None:
    code = (
        Coded("2823-3", "Potassium", "LN", "OBX[1]-3")
        if place == "first"
        else Coded("K", "钾", "99LAB", "OBX[1]-3", "2823-3", "Potassium", "LN")
    )
    built = made(a_lab_record(a_result(code="x")), maps={})
    assert "unmapped-code" in codes(built)
    result = msgspec.structs.replace(a_result(), code=code)
    built = made(a_lab_record(result), maps={}, loinc={"2823-3": ("K", True)})
    assert codes(built) == set()
    first = only(built, "Observation")["code"]["coding"][0]
    assert (first["code"], first["extension"][0]["valueCode"]) == ("K", "confirmed")


def test_unknown_systems_are_the_site_s_and_nothing_is_dropped() -> None:
    micro = a_result(
        Text("大肠埃希菌"), code="ORG", sub_id="1", unit=None, status_code=Val("F", "OBX[1]-11")
    )
    found = only(made(a_lab_record(micro), maps={}), "Observation")
    assert found["valueString"] == "大肠埃希菌"
    assert found["identifier"][0]["value"] == "F1/ORG/1"


U = Val("U", "OBX[1]-11")


def test_final_without_resend_makes_what_stands_final_and_keeps_its_value() -> None:
    """HL7 table 0085, U: the value is not sent again."""
    ids = Ids()
    early = a_lab_record(a_result("4.10", status="preliminary", status_code=Val("P", "OBX[1]-11")),
                         status="preliminary", issued=None)  # fmt: skip
    stands = {**only(made(early, ids=ids), "Observation"), "id": "o1", "meta": {"versionId": "1"}}
    final = a_lab_record(a_result(None, status_code=U))
    key = keys_of(final).results[0]
    built = made(final, ids=ids, existing={key: stands})
    found = only(built, "Observation")
    assert found["status"] == "final"
    assert found["valueQuantity"] == stands["valueQuantity"]
    assert found["issued"] == "2026-06-12T10:20:00+08:00"
    assert {"url": extension("status-as-sent"), "valueString": "U"} in found["extension"]
    assert "dataAbsentReason" not in found
    assert built.issues == []


@pytest.mark.parametrize("status", ["final", "corrected", "cancelled"])
def test_final_without_resend_changes_nothing_that_is_already_final_or_more(status: str) -> None:
    ids = Ids()
    stands = only(made(a_lab_record(a_result(status=status)), ids=ids), "Observation")
    final = a_lab_record(a_result(None, status_code=U))
    built = made(final, ids=ids, existing={keys_of(final).results[0]: stands})
    assert only(built, "Observation") == stands


def test_final_without_resend_of_a_value_that_never_came_is_told() -> None:
    built = made(a_lab_record(a_result(None, status_code=U)))
    assert codes(built) == {"value-not-sent-before"}
    assert only(built, "Observation")["dataAbsentReason"]["coding"][0]["code"] == "unknown"
