"""Components that are not read are named in the coverage; arrays become samples when asked."""

from collections.abc import Callable
from typing import Any

import pytest

from hie.adapter import Coverage, Decoded
from hie.records import Samples, Text

Read = Callable[..., Decoded]
HEAD = (
    "MSH|^~\\&|L|L|H|H|20260612120000||ORU^R01|1|P|2.5",
    "PID|1||P1^^^LAB^MR||张^三^^^先生||19800101|F",
    "OBR|1|A|B^N^1.2.3^ISO|C^生化^L^^^^2.1||R|20260612080000|||||||||31^李^四^^^^MD||||||20260612110000|||F",
)


def coverage(read: Read, *obx: str) -> Coverage:
    return read(*HEAD, *obx).coverage


def test_a_component_that_no_rule_reads_is_ignored(read: Read) -> None:
    found = coverage(read, "OBX|1|NM|K^钾^L^^^^7^8||4.1|mmol/L^毫摩尔^UCUM|||||F")
    assert {"PID-5.5", "OBR[1]-3.4", "OBR[1]-4.7", "OBX[1]-3.7", "OBX[1]-3.8", "OBX[1]-6.3"} <= set(
        found.ignored
    )
    assert found.unknown == ()
    assert "OBX[1]-3" in found.used


def test_a_component_beyond_the_standard_is_unknown(read: Read) -> None:
    beyond = "^".join(["K", *[""] * 21, "beyond"])
    found = coverage(read, f"OBX|1|NM|{beyond}||4.1||||||F")
    assert found.unknown == ("OBX[1]-3.23",)


def test_it_is_told_again_for_every_message_of_the_same_panel(read: Read) -> None:
    obx = "OBX|1|NM|K^钾^L^^^^7||4.1||||||F|||20260612080000||41^钱^^^^^MD|ISE^电极^L^^^^2"
    first, second = coverage(read, obx), coverage(read, obx)
    assert first == second
    assert {"OBX[1]-3.7", "OBX[1]-16.7", "OBX[1]-17.7"} <= set(second.ignored)


def test_repeats_are_told_apart(read: Read) -> None:
    head = (HEAD[0], "PID|1||P1^^^LAB^MR^F1~P2^3^^LAB^MR||张三||19800101|F", HEAD[2])
    found = read(*head, "OBX|1|NM|K||4.1||||||F").coverage
    assert {"PID-3[1].6", "PID-3[2].2"} <= set(found.ignored)


def test_an_empty_or_null_component_is_none(read: Read) -> None:
    found = coverage(read, 'OBX|1|NM|K^钾^L^^^^""^||4.1||||||F')
    assert not [path for path in found.ignored if path.startswith("OBX[1]-3.")]


ARRAY = "OBX|1|{kind}|ECG1^心电^L||{value}|mV|||||F"


@pytest.mark.parametrize(
    ("kind", "value", "data", "dimensions"),
    [
        ("NA", "1^2^3", "1 2 3", 1), ("NA", "1^2~3^4", "1 2 3 4", 1),
        ("MA", "1^2~3^4~5^6", "1 2 3 4 5 6", 2), ("MA", "1^2~3^", "1 2 3 E", 2),
        ("MA", "1^2~3", "1 2 3", 1), ("NA", "1.50^-2", "1.50 -2", 1),
    ],
)  # fmt: skip
def test_an_array_is_sampled_when_the_profile_says_how(
    read: Read, kind: str, value: str, data: str, dimensions: int
) -> None:
    own = {"samples": {"ECG1": {"period": "4", "origin": "0.5"}}}
    decoded = read(*HEAD, ARRAY.format(kind=kind, value=value), **own)
    (result,) = decoded.records[0].results
    assert result.value == Samples(data, dimensions, "4", "0.5")
    assert decoded.records[0].forms == ()


def test_an_array_is_an_attachment_otherwise(read: Read) -> None:
    for own in ({}, {"samples": {"ECG2": {"period": "4"}}}):
        (record,) = read(*HEAD, ARRAY.format(kind="NA", value="1^2"), **own).records
        assert record.results == ()
        assert [form.data for form in record.forms] == [b"1^2"]


def test_an_array_of_words_is_text_and_told(read: Read, codes: Any) -> None:
    decoded = read(*HEAD, ARRAY.format(kind="NA", value="1^高"), samples={"*": {"period": "4"}})
    assert decoded.records[0].results[0].value == Text("1^高")
    assert "samples-not-read" in codes(decoded)
