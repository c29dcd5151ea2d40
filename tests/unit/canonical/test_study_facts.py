"""Facts of a study: what its instances say together, and unknown where they say nothing."""

from decimal import Decimal
from typing import Any

import pytest

from hie.adapter import Site
from hie.canonical.image_class import class_of, study_class
from hie.canonical.study_facts import study_facts
from hie.canonical.study_identity import compare_identity, patient_conflicts
from hie.records import Coded, Identifier, InstanceRecord, Name, PatientRecord, Time
from tests.unit.canonical.images import PATIENT, SOP, image, mammogram, slice_, val

SITE = Site("pacs", "91110000802100433B", "dicom", {})


def slices(count: int, without: tuple[int, ...] = (), **facts: Any) -> list[InstanceRecord]:
    return [slice_(n, **facts) for n in range(1, count + 1) if n not in without]


@pytest.mark.parametrize(
    ("modality", "sop", "klass"),
    [
        ("CR", "CR", "XRAY"), ("DX", "DX", "XRAY"), ("DR", "DX", "XRAY"), ("CT", "CT", "CT"),
        ("MR", "MR", "MRI"), ("US", "US", "US"), ("IVUS", "US", "US"), ("BDUS", "US", "US"),
        ("NM", "NM", "NM"), ("PT", "PT", "NM"), ("ST", "NM", "NM"), ("MG", "MG", "MG"),
        ("OT", "CT", "CT"), (None, "MR", "MRI"), ("CT\\MR", "CT", "CT"), ("XYZ", "MG", "MG"),
        ("CT", "SC", "CT"), ("OT", "SC", None), (None, "SC", None),
        ("RF", "1.2.840.10008.5.1.4.1.1.12.2", None), ("XA", "1.2.840.10008.5.1.4.1.1.12.1", None),
        ("IO", "1.2.840.10008.5.1.4.1.1.1.3", None), ("PX", "CR", None),
        ("CT", "PRIVATE", None), ("MR", "1.2.840.10008.5.1.4.1.1.4.1", "MRI"),
        (None, "1.2.840.10008.5.1.4.1.1.2.1", "CT"), (None, "1.2.840.10008.5.1.4.1.1.13.1.3", "MG"),
    ],
)  # fmt: skip
def test_the_class_of_an_image_by_modality_else_by_sop_class(
    modality: str | None, sop: str, klass: str | None
) -> None:
    assert class_of(image(modality, sop=sop)) == klass


@pytest.mark.parametrize(
    ("modalities", "klass"),
    [
        (["CT", "CT"], "CT"), (["CT", "PT"], "NM"), (["MR", "PT"], "NM"), (["CT", "MR"], None),
        (["CT", "SC"], "CT"), (["SC"], None), ([], None), (["CR", "DX"], "XRAY"),
    ],
)  # fmt: skip
def test_the_class_of_a_study(modalities: list[str], klass: str | None) -> None:
    records = [
        image(m if m != "SC" else "OT", n, series=str(n), sop=m)
        for n, m in enumerate(modalities, start=1)
    ]
    assert study_class(records) == klass
    assert study_facts(records).klass == klass


def test_reports_and_key_objects_are_no_images() -> None:
    records = [image("SR", 1, sop="SR"), image("KO", 1, series="2", sop="KO")]
    facts = study_facts(records)
    assert (facts.klass, facts.original, facts.complete) == (None, None, None)
    assert facts.received == 2


@pytest.mark.parametrize(
    ("sent", "parts"),
    [
        (("CHEST",), ("CHEST",)),
        (("THORAX",), ("CHEST",)),
        (("lung",), ("CHEST",)),
        (("BRAIN",), ("HEAD",)),
        (("ABD",), ("ABDOMEN",)),
        (("LUMBAR",), ("LSPINE",)),
        (("LUMBAR SPINE",), ("LSPINE",)),
        (("CERVICALSPINE",), ("CSPINE",)),
        (("CHEST", "ABDOMEN"), ("ABDOMEN", "CHEST")),
        (("CHEST,ABDOMEN",), ("ABDOMEN", "CHEST")),
        (("CHESTABDOMEN",), ("ABDOMEN", "CHEST")),
        (("CHESTABDPELVIS",), ("ABDOMEN", "CHEST", "PELVIS")),
        (("头颅",), ("HEAD",)),
        (("左膝",), ("左膝",)),
        ((), ()),
    ],
)
def test_body_parts(sent: tuple[str, ...], parts: tuple[str, ...]) -> None:
    assert study_facts([image(body_parts=sent)]).body_parts == parts
    assert study_facts([image(series_body_parts=sent)]).body_parts == parts


@pytest.mark.parametrize(
    ("sides", "side"),
    [
        (["L"], "L"), (["R", "R"], "R"), (["L", "R"], "B"), (["B"], "B"), (["U"], None),
        ([None], None), (["L", None], "L"),
    ],
)  # fmt: skip
def test_laterality(sides: list[str | None], side: str | None) -> None:
    records = [image("DX", n, laterality=one) for n, one in enumerate(sides, start=1)]
    assert study_facts(records).laterality == side


@pytest.mark.parametrize(
    ("text", "agent", "contrast"),
    [
        ("胸部CT平扫", None, "none"),
        ("胸部CT增强", None, "enhanced"),
        ("胸部CT平扫+增强", None, "both"),
        ("CHEST WITHOUT CONTRAST", None, "none"),
        ("Chest with contrast", None, "enhanced"),
        ("ABD C+", None, "enhanced"),
        ("ABD C-", None, "none"),
        ("non-contrast chest", None, "none"),
        ("Chest routine", None, None),
        ("C-SPINE", None, None),
        (None, None, None),
        (None, "碘海醇", "enhanced"),
        ("胸部CT平扫", "碘海醇", "both"),
    ],
)
def test_contrast(text: str | None, agent: str | None, contrast: str | None) -> None:
    facts: dict[str, Any] = {"contrast_agent": val(agent) if agent else None}
    described = {"study_description": val(text)} if text else {}
    assert study_facts([image(**facts, **described)]).contrast == contrast
    coded = Coded("1", text, "99RIS", "(0008,1032)")
    procedure = {"study_procedures": (coded,)} if text else {}
    assert study_facts([image(**facts, **procedure)]).contrast == contrast
    series = {"series_description": val(text)} if text else {}
    assert study_facts([image(**facts, **series)]).contrast == contrast


@pytest.mark.parametrize(
    ("text", "protocols"),
    [
        ("低剂量胸部CT筛查", ("low-dose", "screening")),
        ("床旁胸片", ("portable",)),
        ("头颈CTA", ("angiography",)),
        ("脑灌注", ("perfusion",)),
        ("Chest", ()),
    ],
)
def test_protocols_and_that_there_were_texts(text: str, protocols: tuple[str, ...]) -> None:
    facts = study_facts([image(series_protocol=val(text))])
    assert (facts.protocols, facts.texts) == (protocols, True)
    assert study_facts([image()]).texts is False


def test_expected_is_the_largest_count_anybody_stated() -> None:
    records = slices(3, study_stated_instances=5)
    assert study_facts(records).expected == 5
    assert study_facts(records, stated=(9, 4)).expected == 9
    assert study_facts(records, counts_header=False).expected == 3
    assert study_facts(slices(3, series_stated_instances=7)).expected == 7


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3], 3), ([1, 3], 3), ([3, 1], 3), ([2, 3], None), ([0, 1], None),
        ([1, None], None), ([1, 2, 2], 2),
    ],
)  # fmt: skip
def test_expected_by_numbers_that_run_from_one(
    numbers: list[int | None], expected: int | None
) -> None:
    records = [image("CT", n, uid=f"1.2.3.1.{place}") for place, n in enumerate(numbers)]
    facts = study_facts(records)
    assert (facts.expected, facts.received) == (expected, len(numbers))


def test_expected_adds_up_series() -> None:
    records = [*slices(3), image("CT", 1, series="2"), image("CT", 4, series="2")]
    assert study_facts(records).expected == 7
    assert study_facts([*records, image("CT", 2, series="3")]).expected is None


def test_an_instance_twice_counts_once() -> None:
    assert study_facts([*slices(3), *slices(3)]).received == 3


def test_rejected_instances_are_not_received() -> None:
    note = image("KO", 1, series="9", sop="KO", reject_code="113001", rejects=("1.2.3.1.2", "9.9"))
    facts = study_facts([*slices(5), note])
    assert (facts.rejected, facts.received, facts.expected) == (1, 5, 6)
    assert facts.complete is False  # the slice in the middle is gone


@pytest.mark.parametrize(
    ("records", "original"),
    [
        ([image("CT")], True),
        ([image("OT", sop="SC")], False),
        ([image("CT", sop="SC")], False),
        ([image("CT", sop="1.2.840.10008.5.1.4.1.1.7.4")], False),
        ([image("XC", sop="1.2.840.10008.5.1.4.1.1.77.1.4")], False),
        ([image("CT"), image("OT", 2, sop="SC")], True),
        ([image("CR", conversion="DF")], False),
        ([image("SR", sop="SR")], None),
    ],
)
def test_original(records: list[InstanceRecord], original: bool | None) -> None:
    assert study_facts(records).original is original


@pytest.mark.parametrize(
    ("lossy", "answer"),
    [([True, False], True), ([False, False], False), ([None, False], None), ([None], None)],
)
def test_lossy(lossy: list[bool | None], answer: bool | None) -> None:
    records = [image("CT", n, lossy=one) for n, one in enumerate(lossy, start=1)]
    assert study_facts(records).lossy is answer


# complete, by class


def test_xray_wants_a_view_of_every_image() -> None:
    views: list[tuple[list[str | None], bool | None]] = [
        (["PA", "LL"], True),
        (["PA", None], None),
        ([None], None),
    ]
    for stated, answer in views:
        records = [image("DX", n, view=one) for n, one in enumerate(stated, start=1)]
        assert study_facts(records).complete is answer


@pytest.mark.parametrize(
    ("records", "answer"),
    [
        (slices(10), True),
        (slices(10, without=(5,)), False),
        (slices(10, without=(4, 5)), False),
        (slices(1), None),
        (slices(10, position=None), None),
        (slices(10, orientation=()), None),
        (slices(10, image_type=("DERIVED", "SECONDARY", "AXIAL")), False),
        (slices(10, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")), False),
        (slices(10, image_type=()), None),
        (slices(10, image_type=("ORIGINAL", "PRIMARY")), None),
        ([*slices(10), image("CT", 1, series="2", image_type=())], True),
        ([*slices(10), slice_(11, 5.0), slice_(12, 10.0)], True),
        (slices(10)[::-1], True),
    ],
)
def test_ct_wants_one_original_axial_series_evenly_spaced(
    records: list[InstanceRecord], answer: bool | None
) -> None:
    assert study_facts(records).complete is answer


def test_ct_positions_that_are_rounded_are_even() -> None:
    depths = [0, 0.62, 1.25, 1.87, 2.5, 3.13, 3.75]
    assert study_facts([slice_(n, d) for n, d in enumerate(depths, 1)]).complete is True


def test_ct_frames_of_an_enhanced_object_count_as_slices() -> None:
    def enhanced(depths: list[int]) -> InstanceRecord:
        points = tuple((Decimal(0), Decimal(0), Decimal(d)) for d in depths)
        return slice_(
            1, image_type=("ORIGINAL", "PRIMARY", "VOLUME", "NONE"), position=None,
            frame_positions=points, sop="1.2.840.10008.5.1.4.1.1.2.1",
        )  # fmt: skip

    assert study_facts([enhanced([0, 2, 4, 6])]).complete is True
    assert study_facts([enhanced([0, 2, 6, 8])]).complete is False


@pytest.mark.parametrize(
    ("sequences", "answer"),
    [
        ([("tse2d",), ("fl2d",)], True),
        ([("tse2d",), ("tse2d",)], False),
        ([("tse2d",)], False),
        ([("tse2d",), ()], None),
        ([(), ()], None),
        ([("SE",), ("GR",), ()], True),
    ],
)
def test_mri_wants_two_distinct_sequences(
    sequences: list[tuple[str, ...]], answer: bool | None
) -> None:
    records = [
        image("MR", 1, series=str(n), sequences=one) for n, one in enumerate(sequences, start=1)
    ]
    assert study_facts(records).complete is answer


def test_mri_of_one_name_with_other_weighting_is_another_sequence_and_a_plane_is_not() -> None:
    def series(number: str, tr: int, te: int) -> InstanceRecord:
        return image(
            "MR", 1, series=number, sequences=("SE/SK",), repetition_time=Decimal(tr),
            echo_time=Decimal(te),
        )  # fmt: skip

    assert study_facts([series("1", 500, 12), series("2", 4000, 100)]).complete is True
    assert study_facts([series("1", 4000, 100), series("2", 4100, 102)]).complete is False


def test_us_wants_a_stored_frame() -> None:
    assert study_facts([image("US")]).complete is True
    assert study_facts([image("US", frames=None)]).complete is None


@pytest.mark.parametrize(
    ("tracer", "activity", "answer"),
    [("18F-FDG", 370, True), ("18F-FDG", None, None), (None, 370, None), ("18F-FDG", 0, False)],
)
def test_nm_wants_tracer_and_activity(
    tracer: str | None, activity: int | None, answer: bool | None
) -> None:
    one = image(
        "PT",
        tracer=val(tracer) if tracer else None,
        activity=None if activity is None else Decimal(activity),
    )
    facts = study_facts([one, image("CT", 1, series="2")])
    assert (facts.klass, facts.complete) == ("NM", answer)
    assert facts.tracer == tracer


@pytest.mark.parametrize(
    ("views", "whole", "left", "right"),
    [
        ([("CC", "L"), ("MLO", "L"), ("CC", "R"), ("MLO", "R")], True, True, True),
        ([("CC", "L"), ("MLO", "L"), ("CC", "R")], False, True, False),
        ([("CC", "L"), ("MLO", "L")], False, True, False),
        ([("CC", "L"), ("MLO", "L"), ("CC", None)], None, True, None),
        ([("CC", "L"), ("MLO", "L"), (None, "R")], None, True, None),
        ([(None, None)], None, None, None),
    ],
)
def test_mg_wants_both_views_of_each_side(
    views: list[tuple[str | None, str | None]],
    whole: bool | None,
    left: bool | None,
    right: bool | None,
) -> None:
    facts = study_facts([mammogram(v, s, n) for n, (v, s) in enumerate(views, start=1)])
    assert (facts.complete, facts.complete_left, facts.complete_right) == (whole, left, right)


def test_complete_sides_are_asked_of_mammograms_alone() -> None:
    facts = study_facts(slices(3))
    assert (facts.complete_left, facts.complete_right) == (None, None)


def test_a_study_of_no_class_is_complete_or_not_nobody_knows() -> None:
    assert study_facts([image("OT", sop="SC")]).complete is None


def test_what_the_caller_knows_is_passed_on() -> None:
    facts = study_facts(slices(2), retrievable=False, identity="same")
    assert (facts.retrievable, facts.identity) == (False, "same")
    assert study_facts([]).received == 0


# identity


def patient(
    number: str | None = "P1",
    name: str | None = "王小东",
    sex: Any = "male",
    birth: str | None = "1980-01-01",
    authority: str | None = None,
) -> PatientRecord:
    return PatientRecord(
        (Identifier(number, "patient", authority, "x"),) if number else (),
        (Name(name, "x"),) if name else (),
        sex,
        Time(birth, "day", "x") if birth else None,
    )


@pytest.mark.parametrize(
    ("other", "conflicts"),
    [
        (patient(), ()),
        (patient("P2"), ("number",)),
        (patient("P2", authority="HIS"), ()),
        (patient(name="王小西"), ("name",)),
        (patient(name="王 小东"), ()),
        (patient(name="Wang XiaoDong"), ()),
        (patient(sex="female"), ("sex",)),
        (patient(sex="unknown"), ()),
        (patient(sex=None, birth=None, name=None, number=None), ()),
        (patient(birth="1980-01"), ()),
        (patient(birth="1981-01-01"), ("birth-date",)),
        (patient("P2", "李四", "female", "1990-02-02"), ("number", "name", "sex", "birth-date")),
    ],
)
def test_conflicts_between_two_instances(other: PatientRecord, conflicts: tuple[str, ...]) -> None:
    assert patient_conflicts(PATIENT, other) == conflicts
    assert patient_conflicts(other, PATIENT) == conflicts


REPORTED = {
    "resourceType": "Patient",
    "identifier": [
        {"system": "https://hie.example/fhir/sid/site/pacs/patient", "value": "P1"},
        {"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X"},
    ],
    "name": [{"text": "王小东"}],
    "gender": "male",
    "birthDate": "1980-01-01",
}


@pytest.mark.parametrize(
    ("images", "answer"),
    [
        (patient(), "same"),
        (patient("P2"), "different"),
        (patient("P2", authority="1.2.3"), "same"),
        (patient(name="Wang XiaoDong"), "same"),
        (patient(name="李四"), "different"),
        (patient(sex="female"), "different"),
        (patient(birth="1980-02-01"), "different"),
        (patient(number=None), "same"),
        (patient(name=None), "same"),
        (patient(number=None, name=None), "unknown"),
        (patient(sex=None, birth=None), "same"),
    ],
)
def test_identity_of_images_against_the_report_s_patient(
    images: PatientRecord, answer: str
) -> None:
    assert compare_identity(images, REPORTED, SITE) == answer


def test_letters_are_compared_in_any_order() -> None:
    reported = {**REPORTED, "name": [{"text": "XIAODONG WANG"}]}
    assert compare_identity(patient(name="Wang Xiaodong"), reported, SITE) == "same"
    assert compare_identity(patient(name="Wang Xiao Dong"), reported, SITE) == "same"
    assert compare_identity(patient(name="Li Si"), reported, SITE) == "different"
    assert compare_identity(patient(name="Wang Daoxiong"), reported, SITE) == "different"


def test_sop_classes_named_here_are_dicom_s() -> None:
    assert all(uid.startswith("1.2.840.10008.") for name, uid in SOP.items() if name != "PRIVATE")
