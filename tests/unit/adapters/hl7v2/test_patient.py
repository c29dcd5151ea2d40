"""PID: numbers, names, sex, birth; every doubt is told and nothing is dropped for it."""

from collections.abc import Callable
from typing import Any

import pytest

from hie.adapter import Decoded
from hie.records import PatientRecord

Read = Callable[..., Decoded]
MSH = "MSH|^~\\&|L|L|H|H|20260612120000||ORU^R01|1|P|2.5"
OBR = "OBR|1|A|B|C|||20260612080000|||||||||||||||20260612110000|||F"
OBX = "OBX|1|NM|K^钾||4.1||||||F"


def pid(
    ids: str = "P1", name: str = "张三", birth: str = "19491231", sex: str = "F", rest: str = ""
) -> str:
    return f"PID|1||{ids}||{name}||{birth}|{sex}{rest}"


def patient(decoded: Decoded) -> PatientRecord:
    return decoded.records[0].patient


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("NI", "resident-id"),
        ("NNCHN", "resident-id"),
        ("01", "resident-id"),
        ("身份证", "resident-id"),
        ("居民身份证号码", "resident-id"),
        ("IDCard", "resident-id"),
        ("SS", "resident-id"),
        ("PPN", "passport"),
        ("护照", "passport"),
        ("03", "passport"),
        ("港澳居民来往内地通行证", "hk-macao-permit"),
        ("06", "hk-macao-permit"),
        ("07", "taiwan-permit"),
        ("台胞证", "taiwan-permit"),
        ("PRC", "residence-permit"),
        ("居住证", "residence-permit"),
        ("医保卡号", "insurance"),
        ("军官证", "officer-card"),
        ("04", "officer-card"),
        ("02", "household-book"),
        ("DL", "driving-licence"),
        ("门诊号", "outpatient-no"),
        ("ZYH", "inpatient-no"),
        ("99", "other"),
        ("MR", "MR"),
        ("PI", "PI"),
        ("HC", "HC"),
        ("21", "21"),
        ("", None),
    ],
)
def test_types_of_numbers(read: Read, code: str, kind: str | None) -> None:
    decoded = read(MSH, pid(f"11010519491231002X^^^^{code}"), OBR, OBX)
    assert [i.type for i in patient(decoded).identifiers] == [kind]


def test_a_social_security_number_that_is_no_resident_number_keeps_its_type(read: Read) -> None:
    assert patient(read(MSH, pid("123-45-6789^^^^SS"), OBR, OBX)).identifiers[0].type == "SS"


def test_the_object_identifier_of_the_authority_gives_the_type(read: Read) -> None:
    found = patient(
        read(MSH, pid("11010519491231002X^^^&2.16.156.10011.1.3&ISO"), OBR, OBX)
    ).identifiers
    assert (found[0].type, found[0].authority) == ("resident-id", "2.16.156.10011.1.3")


def test_the_profile_adds_types_authorities_and_the_primary_number(read: Read) -> None:
    decoded = read(
        MSH,
        pid("M1^^^HIS^21~Q2^^^LIS^51~Z3^^^HIS^31"),
        OBR,
        OBX,
        identifiers={
            "types": {"21": "outpatient-no", "51": "inpatient-no"},
            "authorities": {"HIS": "1.2.3"},
            "primary": ["inpatient-no"],
        },
    )
    assert [(i.value, i.type, i.authority) for i in patient(decoded).identifiers] == [
        ("Q2", "inpatient-no", "LIS"),
        ("M1", "outpatient-no", "1.2.3"),
        ("Z3", "31", "1.2.3"),
    ]


def test_the_local_number_comes_first_and_every_repeat_is_kept(read: Read) -> None:
    decoded = read(MSH, pid("11010519491231002X^^^^NI~P1^^^LAB^MR~E123456^^^^PPN"), OBR, OBX)
    assert [i.value for i in patient(decoded).identifiers] == [
        "P1",
        "11010519491231002X",
        "E123456",
    ]
    assert patient(decoded).identifiers[0].path == "PID-3[2]"


def test_fixed_repeats_of_one_number_are_kept_apart_by_type(read: Read) -> None:
    decoded = read(MSH, pid("M1^^^^21~^^^^51"), OBR, OBX)
    assert [(i.value, i.type) for i in patient(decoded).identifiers] == [("M1", "21")]


def test_pid_19_is_a_resident_number(read: Read) -> None:
    decoded = read(MSH, pid("P1", rest="|" * 11 + "11010519491231002x"), OBR, OBX)
    assert [(i.value, i.type, i.path) for i in patient(decoded).identifiers] == [
        ("P1", None, "PID-3"),
        ("11010519491231002X", "resident-id", "PID-19"),
    ]


def test_the_older_number_fields_are_read_once(read: Read) -> None:
    decoded = read(MSH, "PID|1|P1|P1^^^LAB^MR|ALT9|张三||19491231|F", OBR, OBX)
    assert [i.value for i in patient(decoded).identifiers] == ["P1", "ALT9"]


def test_more_number_fields_by_profile(read: Read) -> None:
    decoded = read(
        MSH,
        pid("P1", rest="|" * 10 + "ZY77"),
        OBR,
        OBX,
        identifiers={"fields": {"PID-18": "inpatient-no"}},
    )
    assert ("ZY77", "inpatient-no") in [(i.value, i.type) for i in patient(decoded).identifiers]
    assert "PID-18" in decoded.coverage.used


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        ("110105194912310021", "NI", "identifier-invalid"),
        ("99010519491231002X", "NI", "identifier-invalid"),
        ("11010519491331002X", "NI", "identifier-invalid"),
        ("P123", "NI", "identifier-invalid"),
        ("110105491231002", "NI", "identifier-15-digit"),
        ("000000000000000000", "NI", "identifier-placeholder"),
        ("111111111111111111", "NI", "identifier-placeholder"),
        ("无", "NI", "identifier-placeholder"),
        ("不详", "", "identifier-placeholder"),
        ("1234567890", "PPN", "identifier-placeholder"),
        ("TEST01", "PPN", "identifier-placeholder"),
        ("00000000", "MR", "identifier-placeholder"),
        ("E1", "PPN", "identifier-invalid"),
    ],
)
def test_a_defective_number_is_kept_and_told(
    read: Read, codes: Any, number: str, kind: str, code: str
) -> None:
    decoded = read(MSH, pid(f"{number}^^^^{kind}"), OBR, OBX)
    assert code in codes(decoded)
    assert [i.value for i in patient(decoded).identifiers] == [number]


@pytest.mark.parametrize(
    ("number", "kind"),
    [("0000001234", "MR"), ("1234567", "MR"), ("11010519491231002X", "NI"), ("E1234567", "PPN")],
)
def test_a_sound_number_is_not_doubted(read: Read, codes: Any, number: str, kind: str) -> None:
    found = codes(read(MSH, pid(f"{number}^^^^{kind}"), OBR, OBX))
    assert not {c for c in found if c.startswith("identifier")}


@pytest.mark.parametrize(
    "sent",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X ",
        "110105\u300019491231002X\u200b",
    ],
)
def test_a_resident_number_is_normalised(read: Read, sent: str) -> None:
    assert patient(read(MSH, pid(f"{sent}^^^^01"), OBR, OBX)).identifiers[0].value == (
        "11010519491231002X"
    )


@pytest.mark.parametrize(("birth", "sex"), [("19491230", "F"), ("19491231", "M"), ("1950", "F")])
def test_a_number_that_contradicts_the_pid_is_told(
    read: Read, codes: Any, birth: str, sex: str
) -> None:
    decoded = read(MSH, pid("11010519491231002X^^^^NI", birth=birth, sex=sex), OBR, OBX)
    assert "identifier-contradicts" in codes(decoded)


@pytest.mark.parametrize(
    ("birth", "sex"), [("19491231", "F"), ("1949", "2"), ("", ""), ("194912", "0")]
)
def test_a_number_that_agrees_with_the_pid_is_not(
    read: Read, codes: Any, birth: str, sex: str
) -> None:
    decoded = read(MSH, pid("11010519491231002X^^^^NI", birth=birth, sex=sex), OBR, OBX)
    assert "identifier-contradicts" not in codes(decoded)


def test_a_patient_without_a_number_is_read_and_told(read: Read, codes: Any, held: Any) -> None:
    decoded = read(MSH, pid(""), OBR, OBX)
    assert patient(decoded).identifiers == ()
    assert "patient-without-identifier" in codes(decoded)
    assert not held(decoded)


def test_a_report_without_a_pid_is_held(read: Read, held: Any) -> None:
    assert held(read(MSH, OBR, OBX))


@pytest.mark.parametrize(
    ("sent", "text", "family", "given"),
    [
        ("张三", "张三", None, None),
        ("张三^^^", "张三", None, None),
        ("张^三", "张三", "张", "三"),
        ("Wang^Xiaodong", "Xiaodong Wang", "Wang", "Xiaodong"),
        ("van Beethoven&van&Beethoven^Ludwig", "Ludwig van Beethoven", "van Beethoven", "Ludwig"),
        ("^三", "三", None, None),
        ("买买提·吐尔逊", "买买提·吐尔逊", None, None),
        ("　张三　", "张三", None, None),
        ("𠮷野^家", "𠮷野家", "𠮷野", "家"),
        ("ＡＢ", "ＡＢ", None, None),
    ],
)
def test_names_in_reading_order_exactly_as_written(
    read: Read, sent: str, text: str, family: str | None, given: str | None
) -> None:
    (name,) = patient(read(MSH, pid(name=sent), OBR, OBX)).names
    assert (name.text, name.family, name.given) == (text, family, given)


def test_several_names_are_all_kept(read: Read) -> None:
    names = patient(read(MSH, pid(name="王小东~Wang^Xiaodong"), OBR, OBX)).names
    assert [(n.text, n.path) for n in names] == [
        ("王小东", "PID-5[1]"),
        ("Xiaodong Wang", "PID-5[2]"),
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("鐜嬪皬涓\ue046", "private-use"),
        ("寮犱笁", "mojibake"),
        ("Íõ", "mojibake"),
        ("张\ufffd", "characters-lost"),
        ("张??", "characters-lost"),
        ("张丽之女", "name-placeholder"),
        ("无名氏", "name-placeholder"),
        ("新生儿", "name-placeholder"),
        ("", "name-missing"),
    ],
)
def test_a_doubtful_name_is_kept_and_told(read: Read, codes: Any, name: str, code: str) -> None:
    decoded = read(MSH, pid(name=name), OBR, OBX)
    assert code in codes(decoded)
    assert [n.text for n in patient(decoded).names] == ([name] if name else [])


@pytest.mark.parametrize("name", ["张三", "欧阳娜娜", "Müller", "O'Neil", "李 四", "José", "龘龖"])
def test_an_ordinary_name_is_not_doubted(read: Read, codes: Any, name: str) -> None:
    assert codes(read(MSH, pid(name=name), OBR, OBX)) == {"zone-assumed"}


def test_mojibake_is_put_right_when_the_profile_says_so(read: Read, codes: Any) -> None:
    decoded = read(MSH, pid(name="寮犱笁"), OBR, OBX, charset={"repair_mojibake": True})
    assert patient(decoded).names[0].text == "张三"
    assert "mojibake-repaired" in codes(decoded)


@pytest.mark.parametrize(
    ("sent", "sex"),
    [
        ("M", "male"), ("F", "female"), ("O", "other"), ("U", "unknown"), ("A", "other"),
        ("N", "other"), ("1", "male"), ("2", "female"), ("0", "unknown"), ("9", "unknown"),
        ("男", "male"), ("女", "female"), ("未知", "unknown"), ("男性", "male"), ("m", "male"),
        ("２", "female"), ("F^女", "female"), ("Female", "female"), ("", None),
    ],
)  # fmt: skip
def test_sexes(read: Read, sent: str, sex: str | None) -> None:
    assert patient(read(MSH, pid(sex=sent), OBR, OBX)).sex == sex


def test_an_unknown_sex_is_told_and_the_profile_can_translate_it(read: Read, codes: Any) -> None:
    assert "sex-unknown" in codes(read(MSH, pid(sex="X1"), OBR, OBX))
    decoded = read(MSH, pid(sex="X1"), OBR, OBX, sex={"X1": "male"})
    assert patient(decoded).sex == "male"


def test_phones_and_addresses(read: Read) -> None:
    decoded = read(
        MSH,
        "PID|1||P1||张三||19491231|F|||建外大街1号^^朝阳区^北京市^100020||010-65551234~^PRN^PH^^86^10^6555|^^^^^^^^^^^13800000000",
        OBR,
        OBX,
    )
    assert [a.text for a in patient(decoded).addresses] == ["北京市朝阳区建外大街1号 100020"]
    assert [p.text for p in patient(decoded).phones] == ["010-65551234", "10-6555", "13800000000"]


def test_death(read: Read) -> None:
    assert patient(read(MSH, pid(rest="|" * 22 + "Y"), OBR, OBX)).deceased is True
    assert patient(read(MSH, pid(), OBR, OBX)).deceased is None


def test_the_visit(read: Read) -> None:
    decoded = read(MSH, pid(), "PV1|1|门诊|心内科^1^2||||||||||||||||V77", OBR, OBX)
    visit = decoded.records[0].visit
    assert visit is not None
    assert visit.class_code == "O"
    assert visit.department is not None
    assert visit.department.text == "心内科"
    assert visit.number is not None
    assert visit.number.text == "V77"


def test_a_second_patient_opens_a_group_of_their_own(read: Read) -> None:
    decoded = read(
        MSH, pid("P1"), "PV1|1|I", OBR, OBX, pid("P2", name="李四"), OBR.replace("|B|", "|B2|"), OBX
    )
    assert [r.patient.identifiers[0].value for r in decoded.records] == ["P1", "P2"]
    assert [r.visit is None for r in decoded.records] == [False, True]
    assert decoded.records[1].patient.identifiers[0].path == "PID[2]-3"
