"""A patient as their site knows them; results never make that knowledge older."""

from typing import Any

from hie.canonical.patient import DEFECT, build_patient, says_no_more
from hie.fhir import IDENTIFIER_TYPE, Resource, identifier_system, site_system
from hie.fhir.profile import check
from hie.records import Identifier, Name, PatientRecord, Time, Val
from tests.builders import a_patient_record
from tests.unit.canonical.making import SITE

NOON, LATER = "2026-06-12T12:00:00+08:00", "2026-06-12T13:00:00+08:00"


def built(
    record: PatientRecord | None = None,
    sent: str | None = NOON,
    existing: Resource | None = None,
    **defects: str,
) -> Resource:
    record = a_patient_record() if record is None else record
    return build_patient(
        record,
        SITE,
        "org1",
        sent,
        existing,
        lambda kind, value: defects.get(kind.replace("-", "_")),
    )


def test_everything_that_was_said_is_there() -> None:
    found = built(
        a_patient_record(
            phones=(Val("13800000000", "PID-13"),),
            addresses=(Val("北京市朝阳区", "PID-11"),),
            deceased=False,
            names=(Name("张 三", "PID-5", "张", "三"),),
        )
    )
    assert check({**found, "id": "p1"}) == []
    assert found["name"] == [{"text": "张 三", "family": "张", "given": ["三"]}]
    assert (found["gender"], found["birthDate"]) == ("female", "1949-12-31")
    assert found["deceasedBoolean"] is False
    assert found["telecom"] == [{"system": "phone", "value": "13800000000"}]
    assert found["address"] == [{"text": "北京市朝阳区"}]
    assert found["managingOrganization"] == {"reference": "Organization/org1"}


def test_a_birth_time_is_a_birth_date_and_a_year_stays_a_year() -> None:
    """FHIR's birthDate has no time; nothing is invented for a year (case 116)."""
    at = a_patient_record(birth_date=Time("1949-12-31T08:00:00+08:00", "second", "PID-7"))
    year = a_patient_record(birth_date=Time("1949", "year", "PID-7"))
    assert built(at)["birthDate"] == "1949-12-31"
    assert built(year)["birthDate"] == "1949"


def test_an_invalid_number_is_kept_and_marked() -> None:
    """Case 49: shown, and never a key to another hospital's patient."""
    numbers = (Identifier("110105194912310021", "resident-id", None, "PID-3"),)
    (found,) = built(a_patient_record(identifiers=numbers), resident_id="invalid-checksum")[
        "identifier"
    ]
    assert found["system"] == "urn:oid:2.16.156.10011.1.3"
    assert found["extension"] == [{"url": DEFECT, "valueCode": "invalid-checksum"}]


def test_each_kind_of_number_has_its_own_system() -> None:
    """Case 53: a passport is no resident number; case 57: a site's number is the site's."""
    kinds = ("passport", "hk-macao-permit", "outpatient-no", "patient", "XX")
    numbers = tuple(Identifier("1", kind, None, "PID-3") for kind in kinds)
    found = built(a_patient_record(identifiers=numbers))["identifier"]
    assert [one["system"] for one in found] == [
        identifier_system("passport"),
        identifier_system("hk-macao-permit"),
        site_system("lis-1", "outpatient-no"),
        site_system("lis-1", "patient"),
        site_system("lis-1", "patient"),
    ]
    assert [one["type"]["coding"][0]["code"] for one in found] == list(kinds)
    assert all(one["type"]["coding"][0]["system"] == IDENTIFIER_TYPE for one in found)


def test_empty_things_leave_no_trace() -> None:
    found = built(PatientRecord((Identifier("", None, None, "PID-3"),), (), None, None), sent=None)
    assert set(found) == {"resourceType", "managingOrganization"}


def test_an_older_message_changes_nothing() -> None:
    """Case 59: results never downgrade demographics."""
    stands = {**built(sent=LATER), "id": "p1", "meta": {"versionId": "3"}}
    older = built(a_patient_record(sex="male", names=()), sent=NOON, existing=stands)
    assert older == {k: v for k, v in stands.items() if k not in {"id", "meta"}}


def test_a_newer_message_counts_and_one_without_a_time_too() -> None:
    stands = built(sent=NOON)
    assert built(a_patient_record(sex="male"), sent=LATER, existing=stands)["gender"] == "male"
    assert built(a_patient_record(sex="male"), sent=None, existing=stands)["gender"] == "male"


def test_a_message_time_alone_is_no_news() -> None:
    one, other = built(sent=NOON), built(sent=LATER)
    assert one != other
    assert says_no_more(one, {**other, "id": "x", "meta": {}})
    assert not says_no_more(one, {**other, "gender": "male"})


def test_a_name_that_is_rare_stays_exact() -> None:
    """Cases 45 and 46: extension B characters and traditional forms are the person's own."""
    names: tuple[Any, ...] = (Name("王㐂𠮷喆", "PID-5"), Name("張偉", "PID-5[2]"))
    assert [one["text"] for one in built(a_patient_record(names=names))["name"]] == [
        "王㐂𠮷喆",
        "張偉",
    ]
