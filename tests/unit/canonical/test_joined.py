"""Several OBR of one number in one message are one report."""

import pytest

from hie.adapter import Severity
from hie.canonical.joined import join
from hie.records import ImagingReportRecord, LabReportRecord, Record, SpecimenRecord, Val
from tests.builders import a_lab_record, a_patient_record, a_result, a_time, an_imaging_record


def joined(*records: Record) -> LabReportRecord:
    (found,), issues = join(records)
    assert issues == []
    assert isinstance(found, LabReportRecord)
    return found


def test_the_report_lists_the_results_of_both() -> None:
    found = joined(a_lab_record(a_result(code="K")), a_lab_record(a_result(code="Na")))
    assert [one.code.code for one in found.results] == ["K", "Na"]


def test_other_numbers_and_records_stay_as_they_are() -> None:
    records = [a_lab_record(), a_lab_record(filler="F2"), an_imaging_record()]
    assert join(records) == (records, [])


def test_the_placer_s_number_counts_only_without_a_filler_s() -> None:
    records = [a_lab_record(filler=None), a_lab_record()]
    assert len(join(records)[0]) == 2
    assert len(join([records[0], records[0]])[0]) == 1


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("final", "final", "final"), ("final", "preliminary", "partial"),
        ("final", "registered", "partial"), ("final", "corrected", "corrected"),
        ("cancelled", "final", "final"), ("cancelled", "cancelled", "cancelled"),
        ("cancelled", "entered-in-error", "cancelled"), ("final", None, None),
    ],
)  # fmt: skip
def test_the_panel_that_is_least_complete_speaks_for_the_report(
    one: str, other: str | None, expected: str | None
) -> None:
    records = [a_lab_record(a_result(code=c), status=s) for c, s in (("K", one), ("Na", other))]
    assert joined(*records).status == expected
    assert joined(*reversed(records)).status == expected


def test_the_same_result_in_both_comes_once_and_of_two_statuses_the_higher_stands() -> None:
    same = joined(a_lab_record(a_result("4.1")), a_lab_record(a_result("4.1")))
    assert len(same.results) == 1
    early = a_lab_record(a_result("4.1", status="preliminary"))
    late = a_lab_record(a_result("4.2", status="corrected"))
    for records in ((early, late), (late, early)):
        (result,) = joined(*records).results
        assert result.status == "corrected"


def test_two_values_of_one_code_are_both_kept() -> None:
    """A glucose before and after the load, in two panels of one tube set."""
    found = joined(a_lab_record(a_result("4.1")), a_lab_record(a_result("9.1")))
    assert [one.value.value for one in found.results] == ["4.1", "9.1"]


def test_results_keep_their_specimens() -> None:
    blood, urine = SpecimenRecord("SPM[1]"), SpecimenRecord("SPM[2]", collected=a_time())
    found = joined(
        a_lab_record(a_result(code="K", specimen=0), specimens=(blood,)),
        a_lab_record(a_result(code="U", specimen=0), specimens=(urine,)),
    )
    assert found.specimens == (blood, urine)
    assert [one.specimen for one in found.results] == [0, 1]


def test_notes_and_people_come_once_and_the_later_release_counts() -> None:
    note = Val("溶血", "NTE[1]-3")
    one = a_lab_record(a_result(code="K"), notes=(note,))
    later = a_time("2026-06-13T10:00:00+08:00")
    found = joined(one, a_lab_record(a_result(code="Na"), notes=(note,), issued=later))
    assert (found.notes, found.issued) == ((note,), later)


def test_one_number_for_two_patients_holds_the_message() -> None:
    stranger = a_patient_record(identifiers=())
    found, (issue,) = join([a_lab_record(), a_lab_record(patient=stranger)])
    assert len(found) == 1
    assert (issue.code, issue.severity) == ("report-of-another-patient", Severity.HOLD)


def test_one_number_for_a_laboratory_and_an_imaging_report_holds_the_message() -> None:
    _, (issue,) = join([a_lab_record(), an_imaging_record("F1")])
    assert (issue.code, issue.severity) == ("report-number-twice", Severity.HOLD)


def test_two_examinations_of_one_number_are_one_imaging_report() -> None:
    chest = an_imaging_record(body_parts=(Val("CHEST", "a"),))
    belly = an_imaging_record(
        body_parts=(Val("ABDOMEN", "b"),),
        findings=Val("肝脏形态正常。", "OBX[3]"),
        class_hint="MRI",
    )
    (found,), issues = join([chest, belly])
    assert isinstance(found, ImagingReportRecord)
    assert issues == []
    assert [part.text for part in found.body_parts] == ["CHEST", "ABDOMEN"]
    assert found.findings == Val("双肺纹理清晰。\n肝脏形态正常。", "OBX[1]")
    assert found.conclusion == Val("未见异常。", "OBX[2]")
    assert (found.class_hint, found.class_stated) == (None, False)
