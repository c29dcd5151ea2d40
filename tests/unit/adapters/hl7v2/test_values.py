"""OBX-5 by OBX-2: numbers keep their digits, words stay words, nothing is guessed."""

from collections.abc import Callable
from typing import Any

import pytest

from hie.adapter import Decoded
from hie.records import Coded, Interval, Quantity, Ratio, Result, Text, TimeValue

Read = Callable[..., Decoded]


def only(decoded: Decoded) -> Result:
    (record,) = decoded.records
    (result,) = record.results
    return result


def obx(kind: str, value: str, unit: str = "", flag: str = "", code: str = "X^项目^L") -> str:
    return f"OBX|1|{kind}|{code}||{value}|{unit}||{flag}|||F"


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("5.10", "5.10"),
        ("5.1", "5.1"),
        ("0", "0"),
        ("-3.50", "-3.50"),
        (" 4.2 ", "4.2"),
        ("+5", "5"),
        ("5.", "5"),
        (".5", "0.5"),
        ("007.50", "7.50"),
        ("００５．１０", "5.10"),
        ("1.2E+05", "1.2E+5"),
        ("1.2e5", "1.2E+5"),
        ("1.2×10^5", "1.2E+5"),
        ("1.2x10^5", "1.2E+5"),
        ("1.2*10^5", "1.2E+5"),
        ("1.2×10⁵", "1.2E+5"),
        ("4.0\u200b", "4.0"),
        ("\u30004.0\u00a0", "4.0"),
    ],
)
def test_a_number_keeps_its_digits(read_obx: Read, sent: str, value: str) -> None:
    assert only(read_obx(obx("NM", sent))).value == Quantity(value)


@pytest.mark.parametrize(
    ("sent", "comparator", "value"),
    [
        ("<0.01", "<", "0.01"),
        ("＜0.01", "<", "0.01"),
        ("< 0.010", "<", "0.010"),
        ("＞1000", ">", "1000"),
        (">=5", ">=", "5"),
        ("≥5", ">=", "5"),
        ("≧5", ">=", "5"),
        ("≤5", "<=", "5"),
        ("≦5", "<=", "5"),
        ("=<5", "<=", "5"),
        ("小于0.5", "<", "0.5"),
        ("大于等于0.5", ">=", "0.5"),
    ],
)
@pytest.mark.parametrize("kind", ["NM", "ST", "SN"])
def test_a_comparator_is_read_in_numbers_and_in_texts(
    read_obx: Read, sent: str, comparator: Any, value: str, kind: str
) -> None:
    assert only(read_obx(obx(kind, sent))).value == Quantity(value, comparator)


@pytest.mark.parametrize("sent", ["5.6mmol/L", "5.6 mmol/L"])
def test_a_unit_inside_the_value_is_split_off(read_obx: Read, codes: Any, sent: str) -> None:
    decoded = read_obx(obx("NM", sent))
    result = only(decoded)
    assert result.value == Quantity("5.6")
    assert result.unit is not None
    assert result.unit.text == "mmol/L"
    assert "value-has-unit" in codes(decoded)


def test_a_power_of_ten_before_a_slash_belongs_to_the_unit(read_obx: Read) -> None:
    result = only(read_obx(obx("NM", "5.6×10^9/L".replace("^", "\\S\\"))))
    assert result.value == Quantity("5.6")
    assert result.unit is not None
    assert result.unit.text == "10^9/L"


def test_a_unit_in_the_value_that_contradicts_obx_6_is_no_number(
    read_obx: Read, codes: Any
) -> None:
    decoded = read_obx(obx("NM", "5.6mg/dL", "mmol/L"))
    assert only(decoded).value == Text("5.6mg/dL")
    assert "unit-conflict" in codes(decoded)


@pytest.mark.parametrize(
    ("sent", "value", "flag"),
    [
        ("3.5↑", "3.5", "H"),
        ("3.5 ↓", "3.5", "L"),
        ("5.2 H", "5.2", "H"),
        ("5.2L", "5.2", "L"),
        ("12.3*", "12.3", "A"),
        ("9.9↑↑", "9.9", "HH"),
    ],
)
def test_a_flag_behind_the_number_becomes_an_interpretation(
    read_obx: Read, sent: str, value: str, flag: str
) -> None:
    result = only(read_obx(obx("NM", sent)))
    assert result.value == Quantity(value)
    assert [i.code for i in result.interpretations] == [flag]


@pytest.mark.parametrize(
    ("sent", "flag"),
    [
        ("阴性", "NEG"),
        ("阴性(-)", "NEG"),
        ("阴性（-）", "NEG"),
        ("阳性", "POS"),
        ("阳性(+)", "POS"),
        ("弱阳性", "WR"),
        ("±", "IND"),
        ("+-", "IND"),
        ("可疑", "IND"),
        ("未检出", "ND"),
        ("检出", "DET"),
        ("1+", "POS"),
        ("++", "POS"),
        ("Negative", "NEG"),
        ("Non-Reactive", "NR"),
        ("Weakly Reactive", "WR"),
    ],
)
@pytest.mark.parametrize("kind", ["NM", "ST", "TX", "CE", "CWE", "IS"])
def test_a_result_word_is_coded_keeps_its_text_and_gives_the_class(
    read_obx: Read, sent: str, flag: str, kind: str
) -> None:
    result = only(read_obx(obx(kind, sent)))
    assert isinstance(result.value, Coded)
    assert result.value.text in (sent, sent.replace("（", "(").replace("）", ")"))
    assert [i.code for i in result.interpretations] == [flag]


def test_words_in_a_number_field_are_told(read_obx: Read, codes: Any) -> None:
    assert "nm-not-numeric" in codes(read_obx(obx("NM", "阴性")))
    decoded = read_obx(obx("NM", "见图"))
    assert "nm-not-numeric" in codes(decoded)
    assert only(decoded).value == Text("见图")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("-", "unknown"),
        ("----", "unknown"),
        ("/", "unknown"),
        ("NaN", "not-a-number"),
        ("#DIV/0!", "error"),
        ("ERROR", "error"),
        ("未做", "not-performed"),
        ("标本溶血", "error"),
    ],
)
@pytest.mark.parametrize("kind", ["NM", "ST"])
def test_a_sign_or_word_for_no_value_is_a_reason(
    read_obx: Read, sent: str, reason: str, kind: str
) -> None:
    result = only(read_obx(obx(kind, sent)))
    assert result.value is None
    assert result.absent_reason == reason


def test_the_word_for_no_value_is_kept_as_a_note(read_obx: Read) -> None:
    assert [n.text for n in only(read_obx(obx("NM", "标本溶血"))).notes] == ["标本溶血"]


@pytest.mark.parametrize("sent", ["1,234.5", "1,234", "3,5", "<1,000"])
def test_a_comma_in_a_number_waits_for_the_profile(read_obx: Read, held: Any, sent: str) -> None:
    assert held(read_obx(obx("NM", sent)))


def test_the_profile_says_what_a_comma_means(read_obx: Read) -> None:
    thousands = only(read_obx(obx("NM", "1,234.50"), numbers={"thousands": ","}))
    assert thousands.value == Quantity("1234.50")
    decimal = only(read_obx(obx("NM", "3,50"), numbers={"decimal": ","}))
    assert decimal.value == Quantity("3.50")


@pytest.mark.parametrize(
    ("sent", "ratio"),
    [
        ("1:160", ("1", "160", None)),
        ("1：160", ("1", "160", None)),
        ("(1:80)", ("1", "80", None)),
        ("<1:20", ("1", "20", "<")),
    ],
)
@pytest.mark.parametrize("kind", ["NM", "ST"])
def test_a_titre_is_a_ratio(
    read_obx: Read, sent: str, ratio: tuple[str, str, str | None], kind: str
) -> None:
    value = only(read_obx(obx(kind, sent))).value
    assert isinstance(value, Ratio)
    assert (value.numerator, value.denominator, value.comparator) == ratio
    assert value.text == sent


@pytest.mark.parametrize("kind", ["NM", "ST"])
def test_two_numbers_and_a_dash_are_an_interval(read_obx: Read, kind: str) -> None:
    assert only(read_obx(obx(kind, "0.01-0.05"))).value == Interval("0.01", "0.05", "0.01-0.05")


@pytest.mark.parametrize(
    "sent", ["3A", "2型", "12号", "4x", "5.6e", "2026-01-02", "A1", "见报告单"]
)
def test_a_text_that_begins_with_digits_is_no_number(read_obx: Read, sent: str) -> None:
    assert only(read_obx(obx("ST", sent))).value == Text(sent)


def test_a_bare_number_in_a_text_field_stays_text_until_the_profile_says_otherwise(
    read_obx: Read,
) -> None:
    assert only(read_obx(obx("ST", "5.60"))).value == Text("5.60")
    assert only(read_obx(obx("ST", "5.60"), scale={"X": "Qn"})).value == Quantity("5.60")
    assert only(read_obx(obx("ST", "5.60"), scale={"*": "Qn"})).value == Quantity("5.60")
    assert only(read_obx(obx("TX", "5.60"), scale={"*": "Qn"})).value == Quantity("5.60")
    assert only(read_obx(obx("ST", "5.60"), scale={"*": "Qn", "X": "Nar"})).value == Text("5.60")


@pytest.mark.parametrize("kind", ["ST", "TX", "FT"])
def test_unescaped_delimiters_in_a_text_are_part_of_it(read_obx: Read, kind: str) -> None:
    assert only(read_obx(obx(kind, "A^B&C 见附件"))).value == Text("A^B&C 见附件")


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("^1.50", Quantity("1.50")),
        ("=^1.5", Quantity("1.5")),
        ("<^0.10", Quantity("0.10", "<")),
        ("≥^5", Quantity("5", ">=")),
        ("<0.10", Quantity("0.10", "<")),
        ("^1^:^128", Ratio("1", "128", "1:128")),
        ("^1^/^3", Ratio("1", "3", "1/3")),
        ("^1^-^3", Interval("1", "3", "1-3")),
        ("-^1^-^3", Interval("1", "3", "1-3")),
        ("<>^5", Text("<>5")),
        ("^2^+", Text("2+")),
    ],
)
def test_structured_numbers(read_obx: Read, sent: str, value: object) -> None:
    assert only(read_obx(obx("SN", sent))).value == value


def test_coded_values_keep_code_name_and_system(read_obx: Read) -> None:
    value = only(read_obx(obx("CE", "P^阳性^99LAB"))).value
    assert isinstance(value, Coded)
    assert (value.code, value.display, value.system) == ("P", "阳性", "99LAB")
    text = only(read_obx(obx("CWE", "^阴性"))).value
    assert isinstance(text, Coded)
    assert (text.code, text.display) == (None, "阴性")
    original = only(read_obx(obx("CWE", "A^B^L^C^D^LN^^^原文"))).value
    assert isinstance(original, Coded)
    assert (original.alt_code, original.alt_display, original.alt_system, original.text) == (
        "C",
        "D",
        "LN",
        "原文",
    )


@pytest.mark.parametrize(
    ("kind", "sent", "value"),
    [
        ("DT", "20260102", TimeValue("dateTime", "2026-01-02")),
        ("TS", "202601020830", TimeValue("dateTime", "2026-01-02T08:30:00+08:00")),
        ("DTM", "2026", TimeValue("dateTime", "2026")),
        ("TM", "0830", TimeValue("time", "08:30:00")),
        ("TM", "083015.5", TimeValue("time", "08:30:15.5")),
        ("DR", "20260101^20260102", TimeValue("period", "2026-01-01", "2026-01-02")),
        ("NR", "1^10", Interval("1", "10", "1-10")),
        ("NR", "^10", Interval(None, "10", "-10")),
        ("VR", "a^b", Text("a-b")),
        ("NUM", "5.0", Quantity("5.0")),
        ("TXT", "五", Text("五")),
        ("SI", "3", Text("3")),
    ],
)
def test_the_other_types(read_obx: Read, kind: str, sent: str, value: object) -> None:
    assert only(read_obx(obx(kind, sent))).value == value


def test_an_unknown_type_is_text_and_told(read_obx: Read, codes: Any) -> None:
    decoded = read_obx(obx("XPN", "a^b"))
    assert only(decoded).value == Text("a^b")
    assert "value-type-unknown" in codes(decoded)


def test_an_empty_type_is_inferred_and_told(read_obx: Read, codes: Any) -> None:
    number = read_obx(obx("", "4.10"))
    assert only(number).value == Quantity("4.10")
    assert "value-type-missing" in codes(number)
    assert only(read_obx(obx("", "文字"))).value == Text("文字")


def test_lines_of_one_text_are_one_result(read_obx: Read) -> None:
    decoded = read_obx(
        "OBX|1|TX|R^描述^L|1|第一行|||||F",
        "OBX|2|TX|R^描述^L|1||||||F",
        "OBX|3|TX|R^描述^L|1|第三行|||||F",
        "OBX|4|FT|R^描述^L|2|别的|||||F",
    )
    results = decoded.records[0].results
    assert [r.value for r in results] == [Text("第一行\n\n第三行"), Text("别的")]


def test_formatting_and_repetitions_of_a_text_become_lines(read_obx: Read) -> None:
    assert only(read_obx(obx("FT", "一\\.br\\二\\.sp\\三"))).value == Text("一\n二\n三")
    assert only(read_obx(obx("TX", "一~二"))).value == Text("一\n二")


def test_repeated_values_are_components(read_obx: Read) -> None:
    result = only(read_obx(obx("NM", "1.0~2.00")))
    assert result.value is None
    assert result.components == (Quantity("1.0"), Quantity("2.00"))


def test_a_profile_adds_words_for_values_and_for_no_value(read_obx: Read) -> None:
    result = only(read_obx(obx("ST", "弱反应"), values={"弱反应": "WR"}))
    assert [i.code for i in result.interpretations] == ["WR"]
    missing = only(read_obx(obx("ST", "送外院"), absent_values={"送外院": "not-performed"}))
    assert missing.absent_reason == "not-performed"


@pytest.mark.parametrize(
    ("sent", "unit"),
    [
        ("mmol/L", "mmol/L"),
        ("^10\\S\\9/L", "10^9/L"),
        ("10\\S\\9/L", "10^9/L"),
        ("10^9/L", "10^9/L"),
        ("×10^9/L", "×10^9/L"),
        ("^10^12/L", "10^12/L"),
        ("mmol/L^毫摩尔每升^UCUM", "mmol/L"),
        ("1^CM^METRIC", "CM"),
        ("^mmol/L", "mmol/L"),
        ("个/μl", "个/μl"),
        ("℃", "℃"),
        ("×10⁹/L", "×10⁹/L"),
        ("S/CO", "S/CO"),
    ],
)
def test_units_as_senders_write_them(read_obx: Read, sent: str, unit: str) -> None:
    result = only(read_obx(obx("NM", "5", sent)))
    assert result.unit is not None
    assert result.unit.text == unit


def test_the_profile_corrects_a_misspelt_unit(read_obx: Read) -> None:
    result = only(read_obx(obx("NM", "5", "mg/d1"), units={"mg/d1": "mg/dL"}))
    assert result.unit is not None
    assert result.unit.text == "mg/dL"


@pytest.mark.parametrize(
    ("sent", "flags"),
    [
        ("H", ["H"]),
        ("h", ["H"]),
        ("↑", ["H"]),
        ("↓↓", ["LL"]),
        ("偏高", ["H"]),
        ("H~A", ["H", "A"]),
        ("H^偏高", ["H"]),
        ("阳性", ["POS"]),
        ("*", ["A"]),
        (">", [">"]),
        ("奇怪", [None]),
        ('""', []),
        ("", []),
    ],
)
def test_flags_as_senders_write_them(read_obx: Read, sent: str, flags: list[str | None]) -> None:
    result = only(read_obx(obx("NM", "5", flag=sent)))
    assert [i.code for i in result.interpretations] == flags


def test_a_flag_is_never_computed_from_the_interval(read_obx: Read) -> None:
    result = only(read_obx("OBX|1|NM|K||9.9|mmol/L|3.5-5.3||||F"))
    assert result.interpretations == ()


@pytest.mark.parametrize("digits", [41, 400, 100_000])
def test_a_number_of_absurd_length_is_text(read_obx: Read, digits: int) -> None:
    assert isinstance(only(read_obx(obx("NM", "9" * digits))).value, Text)


def test_an_absurd_exponent_is_text(read_obx: Read) -> None:
    assert only(read_obx(obx("NM", "1E999"))).value == Text("1E999")
