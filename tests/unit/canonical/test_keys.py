"""By which number each resource is found again. All people are invented."""

import msgspec

from hie.adapter import Issue, Severity
from hie.canonical.keys import Key, ReportKeys, business_keys, keeps_value
from hie.fhir import INSTITUTION as CREDIT_CODE
from hie.fhir import site_system
from hie.records import Coded, Identifier, Institution, Staff, Val
from tests.builders import a_lab_record, a_patient_record, a_result, an_imaging_record
from tests.unit.canonical.making import INSTITUTION, SITE, keys_of


def test_a_report_is_known_by_the_filler_s_number_else_the_placer_s() -> None:
    """Case 67: without either nobody could find it again."""
    assert keys_of(a_lab_record()).report == Key(
        "DiagnosticReport", site_system("lis-1", "filler"), "F1"
    )
    assert keys_of(a_lab_record(filler=None)).number == "placer:A1"
    none = business_keys(a_lab_record(filler=None, placer=None), SITE, "m1")
    assert isinstance(none, Issue)
    assert (none.code, none.severity) == ("no-report-number", Severity.HOLD)


def test_a_result_is_its_report_code_and_sub_id() -> None:
    keys = keys_of(a_lab_record(a_result(), a_result(sub_id="2"), a_result(code="Na")))
    assert [key.value for key in keys.results] == ["F1/K/", "F1/K/2", "F1/Na/"]
    assert keys.issues == ()


def test_a_repeat_without_a_sub_id_gets_its_place_and_is_told() -> None:
    """Case 107."""
    keys = keys_of(a_lab_record(a_result("4.1"), a_result("4.2"), a_result("4.3")))
    assert [key.value for key in keys.results] == ["F1/K/", "F1/K/#2", "F1/K/#3"]
    assert {issue.code for issue in keys.issues} == {"repeated-result"}


def test_a_result_without_a_code_is_known_by_its_name() -> None:
    named = a_result(code=None, **{})
    named = msgspec.structs.replace(named, code=Coded(None, "钾", None, "OBX[1]-3"))
    assert keys_of(a_lab_record(named)).results[0].value == "F1/钾/"


def test_a_patient_is_known_by_the_site_s_own_number_before_a_document() -> None:
    """Case 56: all numbers are kept, one is the key."""
    both = a_patient_record(
        identifiers=(
            Identifier("11010519491231002X", "resident-id", None, "PID-3[1]"),
            Identifier("P1", "patient", None, "PID-3[2]"),
        )
    )
    key = keys_of(a_lab_record(patient=both)).patient
    assert key == Key("Patient", site_system("lis-1", "patient"), "P1")


def test_a_number_without_authority_is_the_site_s_and_an_oid_is_itself() -> None:
    """Case 57: two sites' number 1 are two patients."""
    of = [
        Identifier("1", "patient", None, "PID-3"),
        Identifier("1", "patient", "LAB", "PID-3"),
        Identifier("1", "patient", "1.2.3.4", "PID-3"),
        Identifier("1", "outpatient-no", None, "PID-3"),
    ]
    found = [
        keys_of(a_lab_record(patient=a_patient_record(identifiers=(one,)))).patient for one in of
    ]
    assert [key.system for key in found] == [
        site_system("lis-1", "patient"),
        site_system("lis-1", "patient"),
        "urn:oid:1.2.3.4",
        site_system("lis-1", "outpatient-no"),
    ]


def test_a_patient_without_a_number_is_one_report_s_alone() -> None:
    """Case 54: no other report joins them."""
    nobody = a_patient_record(identifiers=())
    one = keys_of(a_lab_record(patient=nobody)).patient
    other = keys_of(a_lab_record(patient=nobody, filler="F2")).patient
    assert one != other


def test_a_document_alone_is_the_key_within_the_site() -> None:
    only = a_patient_record(identifiers=(Identifier("E12345678", "passport", None, "PID-3"),))
    key = keys_of(a_lab_record(patient=only)).patient
    assert key == Key("Patient", site_system("lis-1", "passport"), "E12345678")


def test_institutions_are_found_by_their_code_or_by_the_site_s_word() -> None:
    code = "91110000MA01234567"
    keys = keys_of(
        a_lab_record(
            a_result(performer=Institution("OBX[1]-23", code, "检验科")),
            a_result(code="Na", performer=Institution("OBX[2]-15", None, "外送")),
        )
    )
    assert set(keys.institutions.values()) == {
        Key("Organization", CREDIT_CODE, INSTITUTION),
        Key("Organization", CREDIT_CODE, code),
        Key("Organization", site_system("lis-1", "institution"), "外送"),
    }


def test_staff_are_the_site_s_by_number_else_by_name_each_once() -> None:
    one = Staff("OBR[1]-32", "31", None)
    same = Staff("OBX[1]-16", "31", "李审核")
    other = Staff("OBR[1]-34", None, "王")
    keys = keys_of(a_lab_record(a_result(staff=(same,)), reviewers=(one,), authors=(other,)))
    assert [key.value for key in keys.staff.values()] == ["31", "name:王"]
    assert keys.parties.staff["31"].name == "李审核"
    assert keys.roles == {}


def test_a_role_is_staff_institution_and_department() -> None:
    unit = Coded("0301", "心内科", "99DEP", "ORC[1]-17")
    keys = keys_of(a_lab_record(requester=Staff("OBR[1]-16", "7", "赵", unit)))
    assert list(keys.roles.values()) == [
        Key("PractitionerRole", site_system("lis-1", "role"), f"7|{INSTITUTION}|0301")
    ]
    nameless = Staff("OBR[1]-16", "7", "赵", Coded(None, None, None, "ORC[1]-17"))
    assert keys_of(a_lab_record(requester=nameless)).roles == {}


def test_a_result_that_is_final_without_a_value_leans_on_what_stands() -> None:
    u = a_result(None, status_code=Val("U", "OBX[1]-11"))
    keys = keys_of(a_lab_record(u, a_result(code="Na")))
    assert keeps_value(u)
    assert keys.leans_on == (keys.patient, keys.report, keys.results[0])
    assert not keeps_value(a_result("4.1", status_code=Val("U", "OBX[1]-11")))
    assert not keeps_value(a_result(None))


def test_every_key_comes_once() -> None:
    keys = keys_of(a_lab_record(a_result(device=Val("AU5800", "OBX[1]-18"))))
    every = keys.every()
    assert len(every) == len(set(every))
    assert {key.type for key in every} == {
        "Patient", "DiagnosticReport", "ServiceRequest", "Provenance", "Observation",
        "Organization", "Device",
    }  # fmt: skip


def test_an_imaging_report_has_the_keys_of_a_report_without_results() -> None:
    keys = keys_of(an_imaging_record())
    assert isinstance(keys, ReportKeys)
    assert (keys.results, keys.specimens, keys.device) == ((), (), None)
    assert keys.leans_on == (keys.patient, keys.report)
    assert keys.report.value == "R1"
