"""What a report's study may be known by, and the report that names it."""

from hie.exchange.link_study import lock_names, numbers_of, with_studies
from hie.records import Identifier, Val
from hie.store.imaging_keys import ImagingKey, KeyKind
from tests.builders import an_imaging_record


def test_the_surest_number_comes_first() -> None:
    record = an_imaging_record(
        study_uid=Val("1.2.3.4", "ZDS[1]-1"),
        accession=Identifier("ACC", "accession", None, "OBR[1]-18"),
        placer=Identifier("PL", "placer", None, "OBR[1]-2"),
    )
    assert numbers_of(record) == [
        ImagingKey(KeyKind.STUDY, "1.2.3.4"),
        ImagingKey(KeyKind.ACCESSION, "ACC"),
        ImagingKey(KeyKind.ORDER, "R1"),
        ImagingKey(KeyKind.ORDER, "PL"),
    ]


def test_locks_are_of_one_owner_and_each_once() -> None:
    numbers = [ImagingKey(KeyKind.ORDER, "1"), ImagingKey(KeyKind.ORDER, "1")]
    assert len(lock_names("a", numbers)) == 1
    assert lock_names("a", numbers) != lock_names("b", numbers)
    accession = [ImagingKey(KeyKind.ACCESSION, "1")]
    assert lock_names("a", numbers) == lock_names("a", accession)


def test_a_report_names_each_study_once_and_before_its_conclusion() -> None:
    report = {"resourceType": "DiagnosticReport", "status": "final", "conclusion": "x"}
    one = with_studies(report, ["ImagingStudy/a"])
    both = with_studies(one, ["ImagingStudy/a", "ImagingStudy/b"])
    assert list(one) == ["resourceType", "status", "imagingStudy", "conclusion"]
    assert [s["reference"] for s in both["imagingStudy"]] == ["ImagingStudy/a", "ImagingStudy/b"]
    assert with_studies(both, ["ImagingStudy/b"]) is both
    assert "imagingStudy" not in report
    assert list(with_studies({"status": "final"}, ["ImagingStudy/a"])) == ["status", "imagingStudy"]
