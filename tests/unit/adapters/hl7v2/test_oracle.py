"""Where a message is well formed, python-hl7 splits it into the same fields.

The library is the oracle, not the parser: it fails on most of what real senders do.
"""

import string

import hl7
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hl7v2.escapes import unescape
from adapters.hl7v2.reader import STANDARD, logical_lines, segments

TEXT = st.text(string.ascii_letters + string.digits + "张三钾.-%<>=", max_size=8)
FIELD = st.lists(
    st.lists(st.lists(TEXT, min_size=1, max_size=2).map("&".join), min_size=1, max_size=4).map(
        "^".join
    ),
    min_size=1,
    max_size=3,
).map("~".join)
NAME = st.sampled_from(["PID", "PV1", "ORC", "OBR", "OBX", "NTE", "SPM", "ZXX"])
SEGMENT = st.tuples(NAME, st.lists(FIELD, min_size=1, max_size=14)).map(
    lambda s: "|".join([s[0], *s[1]])
)
HEAD = "MSH|^~\\&|LIS|LAB|HIE|HUB|20260612120000||ORU^R01|M1|P|2.5.1"


def ours(text: str) -> list[tuple[str, list[str]]]:
    lines = logical_lines(text, "|").lines
    return [(s.name, s.fields[1 : s.size]) for s in segments(lines, "|", {})]


def theirs(text: str) -> list[tuple[str, list[str]]]:
    out = []
    for segment in hl7.parse(text):
        out.append((str(segment[0]), [str(field) for field in segment[1:]]))
    return out


@settings(max_examples=60, deadline=None)
@given(st.lists(SEGMENT, max_size=8))
def test_fields_are_split_as_the_oracle_splits_them(body: list[str]) -> None:
    text = "\r".join([HEAD, *body]) + "\r"
    assert ours(text) == theirs(text)


@settings(max_examples=60, deadline=None)
@given(FIELD)
def test_repetitions_components_and_subcomponents_are_the_oracle_s(field: str) -> None:
    parsed = hl7.parse(f"{HEAD}\rOBX|{field}\r")
    (obx,) = parsed.segments("OBX")
    for number, repetition in enumerate(field.split(STANDARD.repetition)):
        for at, component in enumerate(repetition.split(STANDARD.component)):
            for below, text in enumerate(component.split(STANDARD.subcomponent)):
                assert parsed.extract_field("OBX", 1, 1, number + 1, at + 1, below + 1) == text
    assert str(obx[1]) == field


@settings(max_examples=60, deadline=None)
@given(st.text(string.ascii_letters + "|^~\\& ", max_size=30))
def test_what_the_oracle_escapes_is_read_back(text: str) -> None:
    escaped = str(hl7.parse(HEAD + "\r").escape(text))
    assert unescape(escaped, STANDARD) == text
