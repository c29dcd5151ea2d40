"""What an instance says of its patient, study, series and itself; what is absent stays unknown."""

import struct
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hie.records import InstanceRecord, Time
from tests.unit.adapters.dicom.made import (
    BIG,
    CR,
    EXPLICIT,
    GOOD,
    IMPLICIT,
    KO,
    codes,
    elements,
    file,
    instance,
    is_held,
    read,
    record,
)


def test_a_good_instance_raises_no_issue_and_every_syntax_says_the_same() -> None:
    assert read(instance()).issues == ()
    whole = record(instance())
    for syntax in (IMPLICIT, BIG):
        other = record(instance(syntax=syntax))
        assert (other.patient, other.study, other.series) == (
            whole.patient, whole.study, whole.series
        )  # fmt: skip
        assert other.instance.rows == 2
    assert read(instance()).native_id == "1.2.3.4.5"
    assert read(instance()).kind == "DICOM CT"


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        (0x0020000D, "study-uid-missing"),
        (0x0020000E, "series-uid-missing"),
        (0x00080018, "sop-uid-missing"),
    ],
)
def test_without_a_uid_the_message_is_held(tag: int, code: str) -> None:
    for value in (None, ("UI", ""), ("UI", "\0\0")):
        decoded = read(instance({tag: value}))
        assert code in codes(decoded)
        assert is_held(decoded)
        assert not decoded.records


def test_the_sop_class_may_come_from_the_file_head() -> None:
    content = file(elements({t: v for t, v in GOOD.items() if t != 0x00080016}))
    assert record(content).instance.sop_class == GOOD[0x00080016][1]


@pytest.mark.parametrize("uid", ["1.02.3", "1.2.", ".1.2", "1..2", "1.2.A", "abc"])
def test_an_odd_uid_is_kept_and_told(uid: str) -> None:
    decoded = read(instance({0x0020000D: ("UI", uid)}))
    assert "uid-invalid" in codes(decoded)
    assert not is_held(decoded)
    assert record(instance({0x0020000D: ("UI", uid)})).study.uid == uid


@pytest.mark.parametrize("uid", ["1." + "2" * 70, "1.2/../3", "1.2 3", "1.2\n3", "1.2_3", "一.2"])
def test_a_uid_that_nothing_could_be_found_by_is_held(uid: str) -> None:
    decoded = read(instance({0x0020000D: ("UI", uid)}))
    assert "uid-unusable" in codes(decoded)
    assert is_held(decoded)


@pytest.mark.parametrize(
    ("date", "time", "text", "told"),
    [
        ("20260612", "080000", "2026-06-12T08:00:00+08:00", None),
        ("20260612", "080000.123456", "2026-06-12T08:00:00.123456+08:00", None),
        ("20260612", "0800", "2026-06-12T08:00:00+08:00", None),
        ("20260612", "08", "2026-06-12T08:00:00+08:00", None),
        ("20260612", "08:00:30", "2026-06-12T08:00:30+08:00", None),
        ("2026.06.12", "080000", "2026-06-12T08:00:00+08:00", None),
        ("20260612", "", "2026-06-12", None),
        ("20260612", "99:99", "2026-06-12", "time-invalid"),
        ("20260612", "245959", "2026-06-12", "time-invalid"),
        ("20260612", "235960", "2026-06-12T23:59:59+08:00", None),
        ("20260230", "080000", None, "time-invalid"),
        ("00010101", "080000", None, "time-placeholder"),
        ("19000101", "080000", None, "time-placeholder"),
        ("0000", "0", None, "time-invalid"),
        ("", "080000", None, "study-date-missing"),
        ("unknown", "", None, "time-invalid"),
    ],
)
def test_dates_and_times(date: str, time: str, text: str | None, told: str | None) -> None:
    content = instance({0x00080020: ("DA", date), 0x00080030: ("TM", time)})
    started = record(content).study.started
    assert (started.text if started else None) == text
    if told:
        assert told in codes(read(content))


@pytest.mark.parametrize(
    ("zone", "text", "code"),
    [
        ("+0800", "+08:00", None),
        ("-0530", "-05:30", None),
        ("+0000", "+00:00", None),
        ("", "+08:00", "zone-assumed"),
        ("CST", "+08:00", "zone-invalid"),
        ("+2500", "+08:00", "zone-invalid"),
    ],
)
def test_the_zone_is_the_tag_s_or_the_site_s(zone: str, text: str, code: str | None) -> None:
    content = instance({0x00080201: ("SH", zone)})
    started = record(content).study.started
    assert isinstance(started, Time)
    assert started.text.endswith(text)
    assert started.zone_assumed == (code is not None)
    assert (code is None) == (not codes(read(content)))


@pytest.mark.parametrize(
    ("name", "texts", "parts"),
    [
        ("王^小东", ["王小东"], ("王", "小东")),
        ("王小东^^^", ["王小东"], (None, None)),
        ("王小东", ["王小东"], (None, None)),
        ("Wang^XiaoDong=王^小东=", ["王小东", "XiaoDong Wang"], ("王", "小东")),
        ("Wang^XiaoDong==", ["XiaoDong Wang"], ("Wang", "XiaoDong")),
        ("Wang Xiaodong", ["Wang Xiaodong"], (None, None)),
        ("=王小东", ["王小东"], (None, None)),
        ("==ﾔﾏﾀﾞ", ["ﾔﾏﾀﾞ"], (None, None)),
        ("  王 小东  ", ["王 小东"], (None, None)),
    ],
)
def test_names(name: str, texts: list[str], parts: tuple[str | None, str | None]) -> None:
    names = record(instance({0x00100010: ("PN", name)})).patient.names
    assert [n.text for n in names] == texts
    assert (names[0].family, names[0].given) == parts


@pytest.mark.parametrize("name", ["", "^^^^", "=="])
def test_no_name_is_told(name: str) -> None:
    decoded = read(instance({0x00100010: ("PN", name)}))
    assert "name-missing" in codes(decoded)
    assert not is_held(decoded)


@pytest.mark.parametrize("name", ["无名氏", "张三之子", "Anonymous^P", "BABY^Zhang", "UNKNOWN"])
def test_a_name_that_is_nobody_s_own_is_told(name: str) -> None:
    assert "name-placeholder" in codes(read(instance({0x00100010: ("PN", name)})))


@pytest.mark.parametrize(
    ("sent", "sex"),
    [("M", "male"), ("F", "female"), ("O", "other"), ("m", "male"), ("男", "male"), ("", None),
     ("X", None)],
)  # fmt: skip
def test_sex(sent: str, sex: str | None) -> None:
    content = instance({0x00100040: ("CS", sent)})
    assert record(content).patient.sex == sex
    assert ("sex-unknown" in codes(read(content))) == (sent == "X")


def test_numbers_of_the_patient_carry_their_issuers() -> None:
    content = instance(
        {
            0x00100020: ("LO", " 0012 "),
            0x00100021: ("LO", "HIS"),
            0x00101002: (
                "SQ",
                [
                    {0x00100020: ("LO", "11010519491231002x"),
                     0x00100024: ("SQ", [{0x00400032: ("UT", "2.16.156.10011.1.3")}])},
                    {0x00100020: ("LO", "Z9"), 0x00100021: ("LO", "ZY")},
                    {0x00100020: ("LO", "00000000")},
                ],
            ),
        }
    )  # fmt: skip
    profile: dict[str, Any] = {
        "patient": {"issuers": {"HIS": "1.2.3.9"}, "types": {"ZY": "inpatient-no"}}
    }
    found = record(content, **profile).patient.identifiers
    assert [(i.value, i.type, i.authority) for i in found] == [
        ("0012", "patient", "1.2.3.9"),
        ("11010519491231002X", "resident-id", "2.16.156.10011.1.3"),
        ("Z9", "inpatient-no", "ZY"),
    ]
    assert "identifier-placeholder" in codes(read(content))


def test_without_patient_id_it_is_taken_and_told() -> None:
    decoded = read(instance({0x00100020: None}))
    assert "patient-without-identifier" in codes(decoded)
    assert not is_held(decoded)
    assert record(instance({0x00100020: ("LO", "无")})).patient.identifiers == ()


def test_orders_procedures_and_reasons_come_from_the_request_too() -> None:
    content = instance(
        {
            0x00081032: ("SQ", [{0x00080100: ("SH", "CT01"), 0x00080102: ("SH", "99RIS"),
                                 0x00080104: ("LO", "胸部CT平扫")}]),
            0x00321060: ("LO", "Chest CT"),
            0x00400275: ("SQ", [
                {0x00402016: ("LO", "PL1"), 0x00402017: ("LO", "FL1"), 0x00401001: ("SH", "RP1"),
                 0x00401002: ("LO", "咳嗽"), 0x00400007: ("LO", "Chest routine")},
                {0x00402016: ("LO", "PL2"), 0x00080050: ("SH", "A1")}]),
        }
    )  # fmt: skip
    study = record(content).study
    assert [(o.type, o.value) for o in study.orders] == [
        ("placer", "PL1"), ("placer", "PL2"), ("filler", "FL1"), ("procedure", "RP1"),
    ]  # fmt: skip
    assert [(p.code, p.display, p.system, p.text) for p in study.procedures] == [
        ("CT01", "胸部CT平扫", "99RIS", None),
        (None, None, None, "Chest CT"),
        (None, None, None, "Chest routine"),
    ]
    assert [r.text for r in study.reasons] == ["咳嗽"]
    assert study.orders[0].path == "(0040,0275)[1]>(0040,2016)"


@pytest.mark.parametrize(
    ("tag", "syntax", "method", "lossy", "told"),
    [
        ("01", EXPLICIT, None, True, False),
        ("00", EXPLICIT, None, False, False),
        (None, EXPLICIT, None, None, False),
        (None, "1.2.840.10008.1.2.4.50", None, True, True),
        ("00", "1.2.840.10008.1.2.4.81", None, True, True),
        ("01", "1.2.840.10008.1.2.4.91", None, True, False),
        (None, "1.2.840.10008.1.2.4.203", None, True, True),
        (None, "1.2.840.10008.1.2.4.70", None, None, False),
        (None, "1.2.840.10008.1.2.5", None, None, False),
        (None, EXPLICIT, "ISO_10918_1", True, False),
    ],
)
def test_lossy_by_tag_or_by_transfer_syntax(
    tag: str | None, syntax: str, method: str | None, lossy: bool | None, told: bool
) -> None:
    content = instance(
        {
            0x00282110: ("CS", tag) if tag else None,
            0x00282114: ("CS", method) if method else None,
        },
        syntax,
    )
    assert record(content).instance.lossy is lossy
    assert ("lossy-undeclared" in codes(read(content))) == told


def test_image_facts_are_numbers_with_their_digits() -> None:
    content = instance(
        {
            0x00180050: ("DS", "1.250"),
            0x00180088: ("DS", "0.625"),
            0x00200032: ("DS", "-100.0\\-99.5\\12.50"),
            0x00200037: ("DS", "1\\0\\0\\0\\1\\0"),
            0x00280030: ("DS", "0.70\\0.70"),
            0x00180060: ("DS", "120"),
            0x00189345: ("FD", struct.pack("<d", 8.5)),
            0x00180010: ("LO", "碘海醇"),
            0x00181210: ("SH", "B70f"),
            0x00180015: ("CS", "CHEST\\ABDOMEN"),
            0x00280301: ("CS", "YES"),
        }
    )
    own = record(content).instance
    assert own.slice_thickness == Decimal("1.250")
    assert str(own.spacing) == "0.625"
    assert own.position == (Decimal("-100.0"), Decimal("-99.5"), Decimal("12.50"))
    assert len(own.orientation) == 6
    assert own.pixel_spacing == (Decimal("0.70"), Decimal("0.70"))
    assert own.dose == Decimal("8.5")
    assert own.contrast_agent is not None
    assert own.contrast_agent.text == "碘海醇"
    assert own.body_parts == ("CHEST", "ABDOMEN")
    assert own.burned_in == "YES"
    assert "burned-in" in codes(read(content))
    assert own.frames == 1


@pytest.mark.parametrize(
    "text", ["abc", "1e999", "NaN", "Infinity", "1_0", "1,5", "0x10", "1" * 40]
)
def test_a_number_that_is_none_is_absent_and_told(text: str) -> None:
    content = instance({0x00180050: ("DS", text), 0x00200013: ("IS", text)})
    own = record(content).instance
    assert (own.slice_thickness, own.number) == (None, None)
    assert "number-invalid" in codes(read(content))


@pytest.mark.parametrize(
    ("modality", "kept"),
    [("CT", "CT"), ("ct", "CT"), ("DR", "DR"), ("", None), ("CT\\MR", "CT\\MR"), ("OT", "OT")],
)
def test_modality_is_kept_as_sent(modality: str, kept: str | None) -> None:
    content = instance({0x00080060: ("CS", modality)})
    assert record(content).series.modality == kept
    told = codes(read(content))
    assert ("modality-missing" in told) == (not modality)
    assert ("modality-several" in told) == ("\\" in modality)


def test_view_and_side_by_tag_or_code() -> None:
    content = instance(
        {
            0x00080016: ("UI", CR),
            0x00200062: ("CS", "L"),
            0x00540220: ("SQ", [{0x00080100: ("SH", "R-10226"), 0x00080102: ("SH", "SRT"),
                                 0x00080104: ("LO", "medio-lateral oblique")}]),
        }
    )  # fmt: skip
    own = record(content).instance
    assert (own.view, own.laterality) == ("MLO", "L")
    both = instance({0x00200060: ("CS", "R"), 0x00200062: ("CS", "L")})
    assert record(both).instance.laterality is None
    assert "laterality-conflict" in codes(read(both))


def test_a_tracer_and_its_activity() -> None:
    content = instance(
        {0x00540016: ("SQ", [{0x00181074: ("DS", "370000000"),
                              0x00540304: ("SQ", [{0x00080100: ("SH", "C-B1031"),
                                                   0x00080104: ("LO", "Fluorodeoxyglucose F^18^")}]
                                           )}])}
    )  # fmt: skip
    own = record(content).instance
    assert own.tracer is not None
    assert own.tracer.text == "Fluorodeoxyglucose F^18^"
    assert own.activity == Decimal(370000000)


def test_positions_of_frames_come_from_functional_groups() -> None:
    frames = [{0x00209113: ("SQ", [{0x00200032: ("DS", f"0\\0\\{n}.5")}])} for n in range(3)]
    shared = [{0x00209116: ("SQ", [{0x00200037: ("DS", "1\\0\\0\\0\\1\\0")}]),
               0x00289110: ("SQ", [{0x00180050: ("DS", "1.0"), 0x00280030: ("DS", "0.5\\0.5")}]),
               0x00209071: ("SQ", [{0x00209072: ("CS", "R"),
                                    0x00082218: ("SQ", [{0x00080104: ("LO", "Knee")}])}])}]  # fmt: skip
    content = instance(
        {0x00280008: ("IS", "3"), 0x52009229: ("SQ", shared), 0x52009230: ("SQ", frames)}
    )
    own = record(content).instance
    assert [p[2] for p in own.frame_positions] == [Decimal("0.5"), Decimal("1.5"), Decimal("2.5")]
    assert len(own.orientation) == 6
    assert (own.frames, own.slice_thickness, own.laterality) == (3, Decimal("1.0"), "R")
    assert own.body_parts == ("Knee",)


@pytest.mark.parametrize("code", ["113001", "113037", "113038", "113039"])
def test_a_rejection_note_names_what_it_rejects(code: str) -> None:
    named = [{0x00081155: ("UI", f"1.2.3.4.{n}")} for n in (7, 8)]
    content = instance(
        {
            0x00080016: ("UI", KO),
            0x00080060: ("CS", "KO"),
            0x0040A043: ("SQ", [{0x00080100: ("SH", code), 0x00080102: ("SH", "DCM"),
                                 0x00080104: ("LO", "Rejected")}]),
            0x0040A375: ("SQ", [{0x0020000D: ("UI", "1.2.3.4"),
                                 0x00081115: ("SQ", [{0x00081199: ("SQ", named)}])}]),
        }
    )  # fmt: skip
    own = record(content).instance
    assert own.reject_code == code
    assert own.rejects == ("1.2.3.4.7", "1.2.3.4.8")
    assert "rejection-note" in codes(read(content))


def test_another_key_object_note_rejects_nothing() -> None:
    content = instance(
        {
            0x00080016: ("UI", KO),
            0x0040A043: ("SQ", [{0x00080100: ("SH", "113000"), 0x00080102: ("SH", "DCM")}]),
        }
    )
    assert record(content).instance.reject_code is None


def test_every_filled_element_is_in_the_coverage() -> None:
    content = instance(
        {0x00091001: ("LO", "private"), 0x00204000: ("LT", "comment"), 0x00081030: ("LO", "")}
    )
    coverage = read(content).coverage
    assert "(0010,0020)" in coverage.used
    assert coverage.ignored == ("(0020,4000)",)
    assert coverage.unknown == ("(0009,1001)",)
    assert "(0008,1030)" not in coverage.used


def test_decoding_twice_says_the_same() -> None:
    content = instance({0x00100010: ("PN", "王小东")})
    assert read(content) == read(content)


def test_a_control_character_in_a_code_goes_too() -> None:
    content = instance({0x00080008: ("CS", "ORIG\x1bINAL\\PRI\x00MARY")})
    assert record(content).instance.image_type == ("ORIGINAL", "PRIMARY")
    assert "control-character" in codes(read(content))


def test_a_record_comes_back_from_the_wire_as_it_was() -> None:
    content = instance({0x00200032: ("DS", "1.50\\2\\3"), 0x00181074: ("DS", "1")})
    found = record(content)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=InstanceRecord) == found
    assert msgspec.json.decode(msgspec.json.encode(found), type=InstanceRecord) == found
