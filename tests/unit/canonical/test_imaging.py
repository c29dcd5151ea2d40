"""A study as FHIR: what it is known by, who is named, which facts are written; R4 throughout."""

from collections.abc import Sequence
from typing import Any

import pytest

from hie.adapter import Site
from hie.canonical.context import BuildContext, Built
from hie.canonical.imaging import MOST_INSTANCES, build_study
from hie.canonical.keys import Key
from hie.canonical.study_facts import study_facts
from hie.canonical.study_keys import StudyKeys, study_keys
from hie.fhir import Resource, profile, structure
from hie.fhir.elements import find_extension
from hie.recognition.study import read_study
from hie.records import Coded, Identifier, InstanceRecord, Institution, Staff, Time
from tests.profiled import departures
from tests.unit.canonical.images import PATIENT, image, mammogram, slice_, val

SITE = Site("pacs", "91110000802100433B", "dicom", {})
BASE = "https://hub.example/dicom-web"


def context(keys: StudyKeys) -> BuildContext:
    ids = {key: f"{key.type.lower()}-{n}" for n, key in enumerate(keys.every())}
    return BuildContext(
        SITE, "m1", "0" * 64, "2026-06-12T08:00:00+08:00", "dicom 1.0.0", ids, {}, {}, {}, {},
        lambda kind, value: None, "2026-06-12T09:00:00+08:00",
    )  # fmt: skip


def built(records: Sequence[InstanceRecord], **how: Any) -> tuple[Built, StudyKeys]:
    keys = study_keys(records, SITE, "m1")
    facts = study_facts(records, retrievable=True, identity="same")
    said: dict[str, Any] = {"status": "available", "endpoint": BASE, **how}
    made = build_study(records, keys, context(keys), facts, **said)
    for resource in made.resources.values():
        assert profile.check(resource) == []
        assert structure.check(resource) == []
    assert departures(made.resources.values()) == []
    return made, keys


def study_of(records: Sequence[InstanceRecord], **how: Any) -> Resource:
    made, keys = built(records, **how)
    return made.resources[keys.study]


FULL = [
    slice_(
        n,
        study_accession=Identifier("A1", "accession", "RIS", "x"),
        study_study_id=val("S1"),
        study_orders=(Identifier("PL1", "placer", None, "x"),
                      Identifier("FL1", "filler", None, "x"),
                      Identifier("RP1", "procedure", None, "x")),
        study_description=val("胸部CT平扫"),
        study_procedures=(Coded("CT01", "胸部CT", "99RIS", "x"),
                          Coded(None, None, None, "x", text="Chest")),
        study_reasons=(Coded(None, None, None, "x", text="咳嗽"),),
        study_referrer=Staff("x", name="李医生"),
        study_reader=Staff("x", name="赵医生"),
        study_institution=Institution("x", None, "某市第一医院"),
        series_description=val("Thorax 1.0"),
        series_body_parts=("THORAX",),
        series_started=Time("2026-06-12T08:01:00+08:00", "second", "x"),
        series_performer=Staff("x", name="孙技师"),
        title=val("A title"),
    )
    for n in range(1, 4)
]  # fmt: skip


def test_a_study_is_known_by_its_uid_and_the_numbers_of_its_site() -> None:
    study = study_of(FULL)
    sid = "https://hie.example/fhir/sid/site/pacs"
    assert study["identifier"][0] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}
    rest = {(i["system"], i["value"]) for i in study["identifier"][1:]}
    assert rest == {
        (f"{sid}/accession", "A1"), (f"{sid}/placer", "PL1"), (f"{sid}/filler", "FL1"),
        (f"{sid}/study-id", "S1"),
    }  # fmt: skip
    accession = study["identifier"][1]
    assert accession["type"]["coding"][0]["code"] == "ACSN"
    assert accession["assigner"] == {"display": "RIS"}


def test_a_study_tells_what_its_instances_tell() -> None:
    study = study_of(FULL)
    assert study["status"] == "available"
    assert [m["code"] for m in study["modality"]] == ["CT"]
    assert study["started"] == "2026-06-12T08:00:00+08:00"
    assert (study["numberOfSeries"], study["numberOfInstances"]) == (1, 3)
    assert study["description"] == "胸部CT平扫"
    assert [c.get("text") for c in study["procedureCode"]] == ["胸部CT", "Chest"]
    assert study["reasonCode"] == [{"text": "咳嗽"}]
    assert study["referrer"]["display"] == "李医生"
    assert study["interpreter"][0]["display"] == "赵医生"
    (series,) = study["series"]
    assert series["uid"] == "1.2.3.1"
    assert series["numberOfInstances"] == 3
    assert series["bodySite"]["code"] == "CHEST"
    assert series["bodySite"]["display"] == "THORAX"
    assert series["performer"][0]["actor"]["display"] == "孙技师"
    assert [i["number"] for i in series["instance"]] == [1, 2, 3]
    assert series["instance"][0]["sopClass"]["code"] == "urn:oid:1.2.840.10008.5.1.4.1.1.2"
    assert series["instance"][0]["title"] == "A title"


def test_where_images_were_made_is_the_coded_institution_else_the_site_s() -> None:
    place = find_extension(study_of(FULL), _performed())
    assert place is not None
    assert place["valueReference"]["identifier"]["value"] == SITE.institution
    assert place["valueReference"]["display"] == "某市第一医院"
    coded = Institution("x", "91130000000000000X", "二院")
    other = find_extension(study_of([image(study_institution=coded)]), _performed())
    assert other is not None
    assert other["valueReference"]["identifier"]["value"] == "91130000000000000X"


def _performed() -> str:
    return "https://hie.example/fhir/StructureDefinition/performing-institution"


def test_the_endpoint_is_the_hub_s_and_absent_when_no_image_can_be_had() -> None:
    made, keys = built(FULL)
    endpoint = made.resources[keys.endpoint]
    assert endpoint["address"] == BASE
    assert endpoint["connectionType"]["code"] == "dicom-wado-rs"
    study = made.resources[keys.study]
    assert study["endpoint"][0]["reference"].startswith("Endpoint/")
    made, keys = built(FULL, endpoint=None)
    assert keys.endpoint not in made.resources
    assert "endpoint" not in made.resources[keys.study]


def test_the_order_is_named_only_when_it_was_found() -> None:
    assert "basedOn" not in study_of(FULL)
    found = study_of(FULL, based_on=["ServiceRequest/o1"])
    assert found["basedOn"] == [{"reference": "ServiceRequest/o1"}]


@pytest.mark.parametrize("status", ["registered", "available", "cancelled", "entered-in-error"])
def test_every_status_is_r4(status: str) -> None:
    assert study_of(FULL, status=status)["status"] == status


def test_engine_reads_the_facts_that_were_written() -> None:
    views = [("CC", "L"), ("MLO", "L"), ("CC", "R")]
    for records in (FULL, [mammogram(v, s, n) for n, (v, s) in enumerate(views, 1)], [image("OT")]):
        facts = study_facts(records, retrievable=True, identity="same")
        read = read_study(study_of(records), None, {})
        assert read.klass == facts.klass
        assert read.parts.codes == frozenset(facts.body_parts)
        assert (read.laterality, read.contrast) == (facts.laterality, facts.contrast)
        assert read.protocols == (frozenset(facts.protocols) if facts.texts else None)
        assert (read.expected, read.received) == (facts.expected, facts.received)
        assert (read.original, read.complete) == (facts.original, facts.complete)
        assert (read.complete_left, read.complete_right) == (
            facts.complete_left, facts.complete_right
        )  # fmt: skip
        assert (read.identity, read.retrievable) == ("same", True)


def test_what_is_unknown_is_not_written() -> None:
    facts = find_extension(
        study_of([image("OT")]), "https://hie.example/fhir/StructureDefinition/study-facts"
    )
    assert facts is not None
    names = {one["url"] for one in facts["extension"]}
    assert names == {
        "texts", "expected", "received", "retrievable", "original", "identity", "rejected"
    }  # fmt: skip


def test_a_series_without_modality_says_that_it_is_unknown() -> None:
    (series,) = study_of([image(None, sop="SC")])["series"]
    assert "code" not in series["modality"]
    assert series["modality"]["extension"][0]["valueCode"] == "unknown"


def test_several_modalities_in_one_element_are_several() -> None:
    study = study_of([image("CT\\MR", sop="CT")])
    assert [m["code"] for m in study["modality"]] == ["CT", "MR"]


def test_odd_numbers_and_texts_still_make_r4() -> None:
    odd = [
        image("CT", -5, series_number=-1, uid="1.2"),
        image("X Y  Z", None, series="2", uid="1.3", title=None, image_type=()),
        image("CT", 2**31, series="3", body_parts=("左膝  关节",)),
        image("CT", 1, series="4", body_parts=("\\",), laterality="L"),
    ]
    study = study_of(odd)
    assert study["numberOfInstances"] == 4
    assert "number" not in study["series"][0]


def test_at_most_two_thousand_instances_are_listed_and_all_are_counted() -> None:
    many = [slice_(n) for n in range(1, MOST_INSTANCES + 50)]
    study = study_of([*many, image("CT", 1, series="2")])
    listed = sum(len(series.get("instance", ())) for series in study["series"])
    assert listed == MOST_INSTANCES
    assert study["numberOfInstances"] == len(many) + 1


def test_two_accession_numbers_of_one_study_are_told() -> None:
    records = [
        image("CT", n, study_accession=Identifier(f"A{n}", "accession", None, "x")) for n in (1, 2)
    ]
    made, _ = built(records)
    assert [issue.code for issue in made.issues] == ["study-accessions"]


def test_keys_are_stable_and_the_patient_is_found_like_a_report_s() -> None:
    keys = study_keys(FULL, SITE, "m1")
    assert keys.study == Key("ImagingStudy", "urn:dicom:uid", "urn:oid:1.2.3")
    assert keys.patient == Key("Patient", "https://hie.example/fhir/sid/site/pacs/patient", "P1")
    assert all(key.value for key in keys.every())
    nobody = image(patient=PATIENT.__class__((), (), None, None))
    assert study_keys([nobody], SITE, "m1").patient.value == "1.2.3"


def test_provenance_names_every_resource_and_its_message() -> None:
    made, keys = built(FULL)
    provenance = made.resources[keys.provenance]
    targets = {one["reference"] for one in provenance["target"]}
    assert len(targets) == len(made.resources) - 1
    assert "urn:hie:message:m1" in provenance["entity"][0]["what"]["identifier"]["value"]


def test_a_study_without_a_date_starts_with_its_first_series_or_image() -> None:
    bare = image(study_started=None, acquired=Time("2026-06-11", "day", "x"))
    assert study_of([bare])["started"] == "2026-06-11"
    assert "started" not in study_of([image(study_started=None)])
