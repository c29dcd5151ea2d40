"""Terminators, delimiters, indentation, continuation lines, escapes, control characters."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.hl7v2 import adapter
from adapters.hl7v2.escapes import unescape
from adapters.hl7v2.reader import STANDARD, Delimiters
from hie.adapter import Decoded, Site

SITE = Site("lab", "91110000000000000A", "hl7v2", {})
LINES = [
    "MSH|^~\\&|LIS|LAB|HIE|HUB|20260612120000||ORU^R01|M1|P|2.5.1||||||UNICODE UTF-8",
    "PID|1||P001||张三||19800101|F",
    "OBR|1|A1|B1|CHEM^生化|||20260612080000|||||||||||||||20260612110000|||F",
    "OBX|1|NM|K^钾||4.10|mmol/L|3.5-5.3|N|||F",
    "NTE|1||备注",
]


def decode(text: str, encoding: str = "utf-8") -> Decoded:
    return adapter.decode(text.encode(encoding), SITE)


def codes(decoded: Decoded) -> set[str]:
    return {i.code for i in decoded.issues}


PLAIN = decode("\r".join([*LINES, ""]))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\r", "\r\r", "\r\n\r\n", "\n\n"])
def test_every_terminator_gives_the_same_records(end: str) -> None:
    decoded = decode(end.join([*LINES, ""]))
    assert decoded.records == PLAIN.records
    assert codes(decoded) == codes(PLAIN)


@pytest.mark.parametrize(
    ("before", "after"),
    [("\x0b", "\x1c\r"), ("\r\n\r\n", "\r\n\r\n"), ("\x0b", "\x1c"), ("  ", ""), ("\x00", "\x00")],
)
def test_framing_left_around_a_message_is_no_part_of_it(before: str, after: str) -> None:
    assert decode(before + "\r".join([*LINES, ""]) + after).records == PLAIN.records


def test_indentation_is_read_and_told() -> None:
    decoded = decode("\r\n".join("        " + line for line in LINES) + "\r\n")
    assert decoded.records == PLAIN.records
    assert "indented" in codes(decoded)


def test_a_byte_order_mark_is_read_and_told() -> None:
    decoded = decode("\ufeff" + "\r".join([*LINES, ""]))
    assert decoded.records == PLAIN.records
    assert "bom" in codes(decoded)


def test_a_line_feed_inside_a_field_is_data_where_cr_ends_segments() -> None:
    lines = [*LINES[:3], "OBX|1|TX|R^描述||第一行\n第二行||||||F", ""]
    decoded = decode("\r".join(lines))
    value = decoded.records[0].results[0].value
    assert getattr(value, "text", "") == "第一行\n第二行"
    assert "continuation-line" not in codes(decoded)


def test_a_line_that_is_no_segment_continues_the_one_before_and_is_told() -> None:
    lines = [*LINES[:3], "OBX|1|TX|R^描述||第一行", "第二行||||||F", ""]
    for end in ("\r", "\n", "\r\n"):
        decoded = decode(end.join(lines))
        value = decoded.records[0].results[0].value
        assert getattr(value, "text", "") == "第一行\n第二行"
        assert "continuation-line" in codes(decoded)


def test_cr_and_lf_segments_may_be_mixed() -> None:
    text = LINES[0] + "\r" + "\n".join(LINES[1:3]) + "\r" + "\n".join(LINES[3:]) + "\r"
    assert decode(text).records == PLAIN.records


@pytest.mark.parametrize(
    "other", [("#", "@", "!", "*", "%"), ("|", "^", "~", "\\", "$"), ("§", "^", "~", "\\", "&")]
)
def test_any_five_delimiters_are_taken(other: tuple[str, ...]) -> None:
    table = str.maketrans(dict(zip("|^~\\&", other, strict=True)))
    lines = [line.replace("UNICODE UTF-8", "").translate(table) for line in LINES]
    decoded = decode("\r".join([*lines, ""]))
    assert decoded.records == PLAIN.records


@pytest.mark.parametrize(
    ("chars", "is_told"),
    [
        ("^~\\&", False),
        ("^~\\&#", False),
        ("^~\\", True),
        ("^~", True),
        ("^", True),
        ("", True),
        ("^~\\&amp;", True),
    ],
)
def test_a_short_or_long_msh_2_is_completed(chars: str, is_told: bool) -> None:
    head = LINES[0].replace("^~\\&", chars, 1)
    decoded = decode("\r".join([head, *LINES[1:], ""]))
    assert decoded.records == PLAIN.records
    assert ("delimiters-short" in codes(decoded)) is is_told


@pytest.mark.parametrize("head", ["MSHA^~\\&", "MSH|^^\\&", "MSH ^~\\&", "MSH", "MSH|^A\\&|"])
def test_delimiters_that_separate_nothing_are_an_error(head: str) -> None:
    decoded = decode(head + "|x\rPID|1\r")
    assert not decoded.records
    assert codes(decoded) & {"delimiters-invalid", "not-hl7"}


@pytest.mark.parametrize(
    "text", ["", "PID|1\r", "hello", "{}", "\r\n", "OBX|1|NM\r", "<xml/>", "MS"]
)
def test_what_does_not_begin_with_msh_is_no_message(text: str) -> None:
    decoded = decode(text)
    assert not decoded.records
    assert "not-hl7" in codes(decoded)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("10\\S\\9/L", "10^9/L"),
        ("a\\F\\b\\T\\c\\R\\d\\E\\e", "a|b&c~d\\e"),
        ("\\H\\bold\\N\\", "bold"),
        ("a\\.br\\b", "a\nb"),
        ("a\\.sp2\\b", "a\n\nb"),
        ("a\\.sk3\\b", "a   b"),
        ("a\\.in+4\\b\\.ti-2\\c\\.nf\\d\\.fi\\e", "abcde"),
        ("a\\.ce\\b", "a\nb"),
        ("\\X41\\", "A"),
        ("\\X0D0A\\", "\r\n"),
        ("\\XE992BE\\", "钾"),
        ("\\X00\\", "\\X00\\"),
        ("\\XE9\\", "\\XE9\\"),
        ("C:\\Users\\lab", "C:\\Users\\lab"),
        ("10\\9/L", "10\\9/L"),
        ("a\\", "a\\"),
        ("\\\\", "\\\\"),
        ("\\Zxx\\", "\\Zxx\\"),
        ("\\C2842\\", "\\C2842\\"),
        ("\\X4\\", "\\X4\\"),
        ("\\s\\", "\\s\\"),
    ],
)
def test_escapes(sent: str, text: str) -> None:
    assert unescape(sent, STANDARD) == text


def test_hexadecimal_escapes_are_read_in_the_charset_of_the_message() -> None:
    assert unescape("\\XBCD8\\", STANDARD, "gb18030") == "钾"


@pytest.mark.parametrize("sent", ["\\.sp99999999\\", "\\.sk99999999\\", "\\.sp999999999999\\"])
def test_what_an_escape_may_add_is_capped(sent: str) -> None:
    assert len(unescape(sent, STANDARD)) <= 80


def test_escapes_follow_the_delimiters_of_the_message() -> None:
    own = Delimiters("#", "@", "!", "*", "%")
    assert unescape("a*F*b*S*c", own) == "a#b@c"


def test_escapes_are_decoded_after_splitting() -> None:
    decoded = decode("\r".join([*LINES[:3], "OBX|1|ST|X^a\\T\\b\\S\\c||v\\F\\w||||||F", ""]))
    result = decoded.records[0].results[0]
    assert result.code.display == "a&b^c"
    assert getattr(result.value, "text", "") == "v|w"


def test_control_characters_are_removed_and_told() -> None:
    decoded = decode("\r".join([*LINES[:3], "OBX|1|NM|K^钾\x00\x07||4.\x0110||||||F", ""]))
    result = decoded.records[0].results[0]
    assert result.code.display == "钾"
    assert getattr(result.value, "value", "") == "4.10"
    assert [i.path for i in decoded.issues if i.code == "control-character"] == [
        "OBX[1]-3",
        "OBX[1]-5",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [("P001", "P0\x0001"), ("|B1|", "|B\x071|"), ("|A1|", "|A\x7f1|"), ("|M1|", "|M\x021|")],
)
def test_a_control_character_in_an_identifier_holds_the_message(
    old: str, new: str, held: Any
) -> None:
    decoded = decode("\r".join([*LINES, ""]).replace(old, new))
    assert held(decoded)


def test_null_is_not_empty_and_not_a_value() -> None:
    decoded = decode(
        "\r".join(
            [
                LINES[0],
                'PID|1||P001||张三^""||""|""|||""',
                LINES[2],
                'OBX|1|NM|K^钾^""||4.1|""|""|""|||F',
                "",
            ]
        )
    )
    patient = decoded.records[0].patient
    result = decoded.records[0].results[0]
    assert (patient.birth_date, patient.sex, patient.addresses) == (None, None, ())
    assert patient.names[0].text == "张三"
    assert (result.unit, result.ranges, result.interpretations) == (None, (), ())
    assert result.code.system is None


def test_a_null_value_withdraws_the_result() -> None:
    decoded = decode("\r".join([*LINES[:3], 'OBX|1|NM|K^钾||""||||||C', ""]))
    result = decoded.records[0].results[0]
    assert result.delete
    assert (result.value, result.status) == (None, "entered-in-error")


def test_a_message_that_ends_inside_a_segment_is_held(held: Any) -> None:
    for tail in ("OBX|2|NM|NA^钠||14", "OBX|2|NM|NA^钠||140|mmol/L|137-147|N", "OB", "O"):
        decoded = decode("\r".join([*LINES, tail]))
        assert held(decoded), tail
        assert "truncated" in codes(decoded)


def test_a_missing_last_terminator_is_told() -> None:
    decoded = decode("\r".join(LINES))
    assert decoded.records == PLAIN.records
    assert "unterminated" in codes(decoded)


def test_bytes_that_end_inside_a_character_are_held(held: Any) -> None:
    content = "\r".join(LINES).encode()[:-1]
    assert held(adapter.decode(content, SITE))


def test_z_segments_and_unknown_segments_are_kept_verbatim() -> None:
    lines = [*LINES[:2], "ZPI|1|a^b", *LINES[2:4], "ZRS|x~y|z", "XYZ|1", ""]
    decoded = decode("\r".join(lines))
    extra = [(v.path, v.text) for v in decoded.records[0].extra]
    assert ("ZPI[1]", "ZPI|1|a^b") in extra
    assert ("ZRS[1]", "ZRS|x~y|z") in extra
    assert ("XYZ[1]", "XYZ|1") in extra


def test_the_message_number_is_read_without_the_rest() -> None:
    text = "\r".join([*LINES, ""])
    assert adapter.native_id(text.encode(), SITE) == "M1"
    assert adapter.native_id(text.encode("gb18030"), SITE) == "M1"
    assert adapter.native_id(text.replace("|M1|", "||").encode(), SITE) is None
    assert adapter.native_id(text.replace("|M1|", '|""|').encode(), SITE) is None
    assert adapter.native_id(text.replace("|M1|", "| a\\S\\1 |").encode(), SITE) == "a^1"
    assert adapter.native_id(b"PID|1", SITE) is None
    assert adapter.native_id(b"", SITE) is None


@pytest.mark.parametrize(
    "head",
    [
        LINES[0],
        "\x0b" + LINES[0],
        "\ufeff" + LINES[0],
        "   " + LINES[0],
        LINES[0].replace("|M1|", "|消息 1|"),
        LINES[0].replace("LIS|LAB", "检验|医院"),
        "MSH#^~\\&#a#b#c#d#20260612120000##ORU^R01#Q7#P#2.4",
        "MSH|^~\\&|a|b|c|d|x||ORU^R01|M\x071|P|2.4",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_two_ways_to_the_message_number_agree(head: str, encoding: str) -> None:
    content = "\r".join([head, *LINES[1:], ""]).encode(encoding)
    assert adapter.native_id(content, SITE) == adapter.decode(content, SITE).native_id
    assert adapter.native_id(content, SITE) is not None


def test_an_empty_message_number_is_told_and_nothing_is_made_up(codes: Callable[..., Any]) -> None:
    decoded = decode("\r".join([*LINES, ""]).replace("|M1|", "||"))
    assert decoded.native_id is None
    assert "message-id-missing" in codes(decoded)
