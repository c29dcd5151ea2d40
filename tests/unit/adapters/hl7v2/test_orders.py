"""Order groups: which segment belongs to which report, whatever the structure is called."""

from collections.abc import Callable
from typing import Any

import pytest

from hie.adapter import Decoded, Severity

Read = Callable[..., Decoded]
PID = "PID|1||P1||张三||19800101|F"


def msh(
    kind: str = "ORU^R01", sender: str = "LAB", processing: str = "P", version: str = "2.5"
) -> str:
    return f"MSH|^~\\&|LIS|{sender}|H|H|20260612120000||{kind}|1|{processing}|{version}"


def obr(filler: str = "B1", placer: str = "A1", code: str = "CHEM^生化", **fields: str) -> str:
    return row("OBR", {2: placer, 3: filler, 4: code, 7: "20260612080000", 22: "20260612110000",
                       25: "F"} | numbered(fields))  # fmt: skip


def obx(
    code: str = "K", value: str = "4.1", status: str = "F", kind: str = "NM", **fields: str
) -> str:
    return row("OBX", {2: kind, 3: code, 5: value, 11: status} | numbered(fields))


def spm(number: str = "S1", kind: str = "SER^血清", **fields: str) -> str:
    return row("SPM", {2: number, 4: kind} | numbered(fields))


def numbered(fields: dict[str, str]) -> dict[int, str]:
    return {int(name[1:]): value for name, value in fields.items()}


def row(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(i, "") for i in range(1, max(fields) + 1))])


def names(decoded: Decoded) -> list[list[str | None]]:
    return [[r.code.code for r in report.results] for report in decoded.records]


@pytest.mark.parametrize(
    "kind",
    [
        "ORU^R01",
        "ORU^R01^ORU_R01",
        "ORU",
        "ORU_R01",
        "OUL^R21",
        "OUL^R22^OUL_R21",
        "OUL^R23",
        "OUL^R24",
        "oru^r01",
    ],
)
def test_results_are_read_from_every_result_message(read: Read, kind: str) -> None:
    decoded = read(msh(kind), PID, "ORC|RE|A1|B1", obr(), obx())
    assert names(decoded) == [["K"]]
    assert decoded.kind.startswith(kind[:3].upper())


@pytest.mark.parametrize("kind", ["ADT^A08", "ORM^O01", "SIU^S12", "ACK", "ORU^W01", "MDM^T02"])
def test_other_messages_are_kept_with_a_warning_or_held_by_profile(
    read: Read, held: Any, kind: str
) -> None:
    decoded = read(msh(kind), PID, obr(), obx())
    assert decoded.records == ()
    assert [(i.code, i.severity) for i in decoded.issues if i.code == "unsupported-type"] == [
        ("unsupported-type", Severity.WARN)
    ]
    assert not held(decoded)
    assert held(read(msh(kind), PID, obr(), obx(), other_types="hold"))
    assert set(decoded.coverage.used) <= {p for p in decoded.coverage.used if p.startswith("MSH")}


def test_a_message_without_a_type_is_read_by_its_segments(read: Read, codes: Any) -> None:
    decoded = read(msh(""), PID, obr(), obx())
    assert names(decoded) == [["K"]]
    assert "type-missing" in codes(decoded)


def test_processing_ids_and_versions(read: Read, held: Any, codes: Any) -> None:
    assert held(read(msh(processing="T"), PID, obr(), obx()))
    assert not held(read(msh(processing="T"), PID, obr(), obx(), processing_ids=["P", "T"]))
    assert not held(read(msh(processing=""), PID, obr(), obx()))
    odd = read(msh(version="3.0"), PID, obr(), obx())
    assert "version-unknown" in codes(odd)
    assert names(odd) == [["K"]]


def test_a_message_without_any_report_is_held(read: Read, held: Any) -> None:
    assert held(read(msh(), PID))
    assert held(read(msh(), PID, obx()))
    assert held(read(msh()))


def test_orc_before_obr_and_after_it_both_belong_to_it(read: Read) -> None:
    before = read(
        msh(), PID, "ORC|RE|X1|Y1||CM", obr("", ""), obx(), "ORC|RE|X2|Y2", obr("", ""), obx()
    )
    assert [(r.placer and r.placer.value, r.filler and r.filler.value) for r in before.records] == [
        ("X1", "Y1"),
        ("X2", "Y2"),
    ]
    assert before.records[0].order_status == "completed"
    after = read(
        msh("OUL^R22"),
        PID,
        spm(),
        obr("", ""),
        "ORC|RE|X1|Y1",
        obx(),
        obr("", ""),
        "ORC|RE|X2|Y2",
        obx("NA"),
    )
    assert [(r.placer and r.placer.value, r.filler and r.filler.value) for r in after.records] == [
        ("X1", "Y1"),
        ("X2", "Y2"),
    ]


def test_an_orc_after_an_order_without_results_opens_the_next_one(read: Read) -> None:
    decoded = read(msh(), PID, obr("B1"), "ORC|RE||Y2", obr("", "A2"), obx())
    assert [r.filler and r.filler.value for r in decoded.records] == ["B1", "Y2"]


def test_specimens_after_the_results_belong_to_them(read: Read) -> None:
    decoded = read(msh(), PID, obr(), obx("K"), obx("NA"), spm(_17="20260612075900"))
    (report,) = decoded.records
    assert [r.specimen for r in report.results] == [0, 0]
    assert report.specimens[0].type is not None
    assert report.specimens[0].type.display == "血清"


def test_specimens_before_their_results_belong_to_what_follows(read: Read) -> None:
    decoded = read(
        msh(),
        PID,
        obr(_7=""),
        spm("S1", _17="20260612080000"),
        obx("K"),
        spm("S2", "UR^尿", _17="20260612090000"),
        obx("UK"),
    )
    (report,) = decoded.records
    assert [r.specimen for r in report.results] == [0, 1]
    assert [r.effective and r.effective.text[11:13] for r in report.results] == ["08", "09"]


def test_leading_specimens_belong_to_the_orders_that_follow(read: Read) -> None:
    decoded = read(
        msh("OUL^R22"),
        PID,
        spm("S1"),
        obr("B1"),
        obx("K"),
        obr("B2"),
        obx("NA"),
        spm("S2", "UR^尿"),
        obr("B3"),
        obx("UK"),
    )
    assert [[s.ids[0].value for s in r.specimens] for r in decoded.records] == [
        ["S1"],
        ["S1"],
        ["S2"],
    ]
    assert [r.results[0].specimen for r in decoded.records] == [0, 0, 0]


@pytest.mark.parametrize(
    ("sent", "code", "name"),
    [
        ("血浆&17", "17", "血浆"),
        ("2&尿液", "2", "尿液"),
        ("2^尿液", "2", "尿液"),
        ("SER&Serum&HL70070", "SER", "Serum"),
        ("血清", None, "血清"),
        ("SER", "SER", None),
    ],
)
def test_the_specimen_of_older_messages(
    read: Read, sent: str, code: str | None, name: str | None
) -> None:
    (report,) = read(msh(), PID, obr(_15=sent, _14="20260612083000"), obx()).records
    (specimen,) = report.specimens
    assert specimen.type is not None
    assert (specimen.type.code, specimen.type.display) == (code, name)
    assert specimen.collected is not None
    assert specimen.received is not None
    assert report.results[0].specimen == 0


def test_spm_completes_and_outranks_obr_15(read: Read) -> None:
    decoded = read(msh(), PID, obr(_15="血浆&17"), obx(), spm("S1", "SER^血清"))
    (specimen,) = decoded.records[0].specimens
    assert specimen.type is not None
    assert specimen.type.display == "血清"
    assert specimen.collected is not None
    assert "OBR[1]-15" in decoded.coverage.ignored


def test_specimen_numbers_conditions_and_times(read: Read) -> None:
    decoded = read(
        msh(), PID, obr(), obx(),
        spm("P9&HIS^F9&LIS", _17="20260612070000^20260612071000", _18="20260612083000",
            _24="HEM^溶血~CLOT"),
    )  # fmt: skip
    (specimen,) = decoded.records[0].specimens
    assert [(i.value, i.type, i.authority) for i in specimen.ids] == [
        ("P9", "placer", "HIS"),
        ("F9", "filler", "LIS"),
    ]
    assert [c.code for c in specimen.conditions] == ["HEM", "CLOT"]
    assert specimen.collected is not None
    assert specimen.collected.text == "2026-06-12T07:00:00+08:00"


def test_results_of_a_rejected_specimen_have_no_value(read: Read, codes: Any) -> None:
    decoded = read(msh(), PID, obr(), obx(), spm(_21="RH^溶血^HL70490"))
    (result,) = decoded.records[0].results
    assert (result.value, result.absent_reason) == (None, "error")
    assert [n.text for n in result.notes] == ["4.1"]
    assert "specimen-rejected" in codes(decoded)


def test_notes_belong_to_what_stands_before_them(read: Read) -> None:
    decoded = read(
        msh(), PID, "NTE|1||病人", "ORC|RE", obr(), "NTE|1||报告一", "NTE|2||报告二", obx(),
        "NTE|1||标本溶血", "NTE|2||轻度", obx("NA"), spm(), "NTE|1||标本管破",
    )  # fmt: skip
    (report,) = decoded.records
    assert [n.text for n in report.notes] == ["病人\n报告一\n报告二"]
    assert [[n.text for n in r.notes] for r in report.results] == [["标本溶血\n轻度"], []]
    assert [n.text for n in report.specimens[0].notes] == ["标本管破"]
    assert report.results[0].notes[0].path == "NTE[4]-3"


def test_a_report_without_any_number_is_held(read: Read, held: Any, codes: Any) -> None:
    assert held(read(msh(), PID, obr("", ""), obx()))
    only_filler = read(msh(), PID, obr("B1", ""), obx())
    assert not held(only_filler)
    assert only_filler.records[0].placer is None
    assert "filler-missing" in codes(read(msh(), PID, obr("", "A1"), obx()))


def test_numbers_of_orc_and_obr(read: Read, codes: Any) -> None:
    decoded = read(msh(), PID, "ORC|RE|A1|B9^LIS^1.2.3^ISO", obr("", "A1"), obx())
    (report,) = decoded.records
    assert report.filler is not None
    assert (report.filler.value, report.filler.authority) == ("B9", "1.2.3")
    assert "order-number-conflict" not in codes(decoded)
    other = read(msh(), PID, "ORC|RE|A1|B9", obr("B1"), obx())
    assert other.records[0].filler is not None
    assert other.records[0].filler.value == "B1"
    assert "order-number-conflict" in codes(other)


def test_one_filler_number_for_two_orders_is_told(read: Read, codes: Any) -> None:
    assert "filler-repeated" in codes(read(msh(), PID, obr("B1"), obx(), obr("B1"), obx()))


def test_people_of_a_report(read: Read) -> None:
    decoded = read(
        msh(), PID, "ORC|RE||||||||||12^审核员|77^王医生",
        obr(_16="", _32="1371&李四", _34="9^赵六~孙七"), obx(_16="5^甲"),
    )  # fmt: skip
    (report,) = decoded.records
    assert [(s.id, s.name) for s in report.reviewers] == [("1371", "李四"), ("12", "审核员")]
    assert [(s.id, s.name) for s in report.authors] == [("9", "赵六"), (None, "孙七")]
    assert report.requester is not None
    assert (report.requester.id, report.requester.name) == ("77", "王医生")
    assert [(s.id, s.name) for s in report.results[0].staff] == [("5", "甲")]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("1371&name", ("1371", "name")),
        ("1371^李四", ("1371", "李四")),
        ("1371^李^四", ("1371", "李四")),
        ("李四", (None, "李四")),
        ("1371", ("1371", None)),
        ("李四^1371", ("1371", "李四")),
        ("^李四", (None, "李四")),
        ("7^Wang^Xiaodong", ("7", "Xiaodong Wang")),
    ],
)
def test_people_as_senders_write_them(
    read: Read, sent: str, found: tuple[str | None, str | None]
) -> None:
    (person,) = read(msh(), PID, obr(_32=sent), obx()).records[0].reviewers
    assert (person.id, person.name) == found


CODE = "91110000802100433B"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"_23": f"协和医院^^{CODE}"}, (CODE, "协和医院")),
        ({"_23": f"协和医院^^^^^^^^^{CODE}"}, (CODE, "协和医院")),
        ({"_15": f"{CODE}^协和医院"}, (CODE, "协和医院")),
        ({"_15": "L1^中心实验室"}, (CODE, "中心实验室")),
        ({"_23": "中心实验室"}, (CODE, "中心实验室")),
        ({"_15": "L9^别的"}, (None, "别的")),
        ({"_23": "别的", "_15": "L1"}, (CODE, "L1")),
    ],
)
def test_the_performing_institution_by_credit_code_or_by_the_profile_s_table(
    read: Read, codes: Any, fields: dict[str, str], found: tuple[str | None, str]
) -> None:
    decoded = read(msh(), PID, obr(), obx(**fields), institutions={"L1": CODE, "中心实验室": CODE})
    performer = decoded.records[0].results[0].performer
    assert performer is not None
    assert (performer.code, performer.name) == found
    assert ("institution-unmapped" in codes(decoded)) is (found[0] is None)


def test_the_sending_facility_performs_only_if_its_code_is_known(read: Read) -> None:
    assert read(msh(sender="LAB"), PID, obr(), obx()).records[0].performer is None
    known = read(msh(sender="LAB"), PID, obr(), obx(), institutions={"LAB": CODE})
    assert known.records[0].performer is not None
    assert known.records[0].performer.code == CODE
    itself = read(msh(sender=CODE), PID, obr(), obx()).records[0].performer
    assert itself is not None
    assert itself.code == CODE


@pytest.mark.parametrize(
    ("tq1", "obr5", "priority"),
    [
        ("S", "", "stat"),
        ("", "R", "routine"),
        ("A", "R", "asap"),
        ("", "加急", "asap"),
        ("", "", None),
        ("C", "", None),
    ],
)
def test_priority(read: Read, tq1: str, obr5: str, priority: str | None) -> None:
    decoded = read(msh(), PID, obr(_5=obr5), f"TQ1|1||||||||{tq1}", obx())
    assert decoded.records[0].priority == priority


@pytest.mark.parametrize(
    ("control", "status", "found"),
    [
        ("NW", "", "active"),
        ("RE", "CM", "completed"),
        ("CA", "", "active"),
        ("OC", "", "revoked"),
        ("RE", "", None),
    ],
)
def test_order_status(read: Read, control: str, status: str, found: str | None) -> None:
    decoded = read(msh(), PID, f"ORC|{control}|||| {status}".replace(" ", ""), obr(), obx())
    assert decoded.records[0].order_status == found
    assert decoded.records[0].order_control == control


def test_method_device_result_number_and_category(read: Read) -> None:
    decoded = read(
        msh(), PID, obr(_13="空腹", _24="CH"),
        obx(_17="ISE^离子选择电极法", _18="AU5800^Beckman", _19="20260612090000", _21="R77",
            _29="RSLT"),
    )  # fmt: skip
    (report,) = decoded.records
    (result,) = report.results
    assert result.method is not None
    assert result.method.display == "离子选择电极法"
    assert result.device is not None
    assert result.device.text == "AU5800 Beckman"
    assert result.identifier is not None
    assert (result.identifier.text, result.category) == ("R77", "RSLT")
    assert report.category == "CH"
    assert report.clinical is not None
    assert report.clinical.text == "空腹"


def test_parents_of_a_culture_are_kept(read: Read) -> None:
    decoded = read(msh(), PID, obr(_26="600-7^细菌^LN&1", _29="A0^B0"), obx())
    assert ("OBR[1]-26", "600-7^细菌^LN&1") in [(v.path, v.text) for v in decoded.records[0].extra]


def test_the_sending_application_is_kept(read: Read) -> None:
    assert ("MSH-3", "LIS") in [
        (v.path, v.text) for v in read(msh(), PID, obr(), obx()).records[0].extra
    ]


def test_a_code_without_sub_ids_is_numbered_in_order(read: Read, codes: Any) -> None:
    decoded = read(msh(), PID, obr(), obx(value="4.1"), obx(value="4.2"), obx(value="4.3", _4="2"))
    assert [r.sub_id for r in decoded.records[0].results] == [None, "3", "2"]
    assert "result-repeated" in codes(decoded)


def test_sub_ids_tell_repeats_apart(read: Read, codes: Any) -> None:
    decoded = read(msh(), PID, obr(), obx(value="4.1", _4="1"), obx(value="4.2", _4="2"))
    assert [r.sub_id for r in decoded.records[0].results] == ["1", "2"]
    assert "result-repeated" not in codes(decoded)


def test_the_same_result_twice_is_one(read: Read, codes: Any) -> None:
    decoded = read(msh(), PID, obr(), obx(), obx())
    assert names(decoded) == [["K"]]
    assert "result-duplicate" in codes(decoded)


def test_a_correction_in_the_same_message_stands(read: Read, codes: Any) -> None:
    for first, second in (("F", "C"), ("C", "F"), ("P", "F")):
        decoded = read(
            msh(), PID, obr(), obx(value="4.1", status=first), obx(value="4.2", status=second)
        )
        (result,) = decoded.records[0].results
        assert result.status == ("corrected" if "C" in (first, second) else "final")
        assert "result-superseded" in codes(decoded)


def test_two_values_of_one_code_and_sub_id_are_both_left_out(read: Read, codes: Any) -> None:
    decoded = read(
        msh(), PID, obr(), obx(value="4.1", _4="1"), obx(value="4.2", _4="1"), obx("NA", "140")
    )
    assert names(decoded) == [["NA"]]
    assert "result-conflict" in codes(decoded)


def test_a_result_without_a_code_is_left_out_and_told(read: Read, codes: Any) -> None:
    decoded = read(msh(), PID, obr(), obx(""), obx("NA"))
    assert names(decoded) == [["NA"]]
    assert "code-missing" in codes(decoded)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("0101001^白细胞", ("0101001", "白细胞", None, None, None, None)),
        ("0102009^白细胞^^^LEU", ("0102009", "白细胞", None, None, "LEU", None)),
        ("０１０１^钾", ("0101", "钾", None, None, None, None)),
        ("^白细胞", (None, "白细胞", None, None, None, None)),
        ("WBC", ("WBC", None, None, None, None, None)),
        ("K^钾^L^2823-3^Potassium^LN", ("K", "钾", "L", "2823-3", "Potassium", "LN")),
    ],
)
def test_codes_as_senders_write_them(read: Read, sent: str, found: tuple[str | None, ...]) -> None:
    code = read(msh(), PID, obr(), obx(sent)).records[0].results[0].code
    assert (
        code.code, code.display, code.system, code.alt_code, code.alt_display, code.alt_system,
    ) == found  # fmt: skip


def test_a_full_dialect_message(read: Read) -> None:
    decoded = read(
        "MSH|^~\\&|LIS||HIS||20260612120000||OUL^R21|77|P|2.4||||||utf-8",
        "PID|1||M77^^^^21~^^^^51||王芳||19800101|2",
        "PV1|1|门诊",
        "OBR|1|A1|B1|0101^血常规|||20260612080000|||||||20260612083000|2&静脉血|||||||20260612110000|||F|||||||1371&李四",
        "OBX|1|NM|0101001^白细胞|71283345|10.73|^10\\S\\9/L|3.5-9.5|↑|||F",
        "OBX|2|NM|0101002^C反应蛋白|71283346|1.5|mg/L|0.4--8||||F",
        "OBX|3|ST|0102009^白细胞^^^LEU||阴性（-）||阴性|N||1|F",
    )
    (report,) = decoded.records
    wbc, crp, leu = report.results
    assert wbc.unit is not None
    assert (wbc.unit.text, wbc.interpretations[0].code, wbc.sub_id) == ("10^9/L", "H", "71283345")
    assert (crp.ranges[0].low, crp.ranges[0].high) == ("0.4", "8")
    assert [i.code for i in leu.interpretations] == ["N", "NEG"]
    assert report.reviewers[0].name == "李四"
    assert {i.severity for i in decoded.issues} <= {Severity.INFO, Severity.WARN}


def test_the_requester_s_department_is_orc_17_else_the_patient_s(read: Read) -> None:
    pv1 = "PV1|1|I|心内科^3^12"
    orc = row("ORC", {1: "RE", 12: "7^赵", 17: "0301^心血管内科^99DEP"})
    named = read(msh(), PID, pv1, orc, obr(), obx()).records[0].requester
    ward = read(msh(), PID, pv1, obr(f16="7^赵"), obx()).records[0].requester
    alone = read(msh(), PID, obr(f16="7^赵"), obx()).records[0].requester
    assert named.department.display == "心血管内科"
    assert (ward.department.code, ward.department.system) == ("心内科", "department")
    assert alone.department is None


def test_an_observer_works_in_obx_15_unless_that_is_an_institution(read: Read) -> None:
    bench = obx(f15="LAB01^检验科", f16="41^钱")
    code = "91110000802100433B"
    house = obx(f15=f"医院^^{code}", f16="41^钱")
    assert read(msh(), PID, obr(), bench).records[0].results[0].staff[0].department.code == "LAB01"
    assert read(msh(), PID, obr(), house).records[0].results[0].staff[0].department is None
