"""FHIR JSON keeps its digits; what readers disagree about is refused by name and place."""

import copy
import json
import math
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import InvalidRequest
from hie.fhir import wire
from hie.fhir.strict import read_strictly
from hie.fhir.wire import read, read_object

_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_numbers = st.integers(-(10**18) + 1, 10**18 - 1) | st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
)
_trees = st.recursive(
    st.booleans() | _texts | _numbers,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=20,
)


@given(_trees)
def test_what_was_written_is_read_again_digit_by_digit(tree: Any) -> None:
    text = wire.write(tree)
    assert wire.write(read(text)) == text
    assert wire.write(wire.parse(text)) == text


@given(_trees)
def test_the_strict_reader_and_the_standard_one_agree_on_every_json_that_is_accepted(
    tree: Any,
) -> None:
    text = wire.write(tree)
    assert read(text) == json.loads(text, parse_float=Decimal)


def test_members_keep_their_order_and_numbers_their_trailing_zeros() -> None:
    text = '{"b":5.10,"a":[1,0.00,-0.5],"c":"中"}'.encode()
    assert wire.write(wire.parse(text)) == text
    assert wire.write(read(text)) == text


@pytest.mark.parametrize(
    "sent",
    [
        "1E3", "1.50e-3", "1e2", "1.0e-2", "-0.0", "5.10", "0.00000001", "0.0000000", "-0e1", "1E+3",
        "1.000000000000000000E-245", "-1.000000000000000000e+245", "123456789012345678.90",
    ],
)  # fmt: skip
def test_a_number_is_written_as_it_was_sent(sent: str) -> None:
    for tree in (
        read(sent.encode()),
        read_strictly(sent.encode(), 9, 9, False),
        wire.parse(sent.encode()),
    ):
        assert wire.write(tree) == sent.encode()
        assert wire.write(copy.deepcopy(tree)) == sent.encode()
        assert tree == Decimal(sent)


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        (b'{"a":1,"a":2}', "duplicate-member", "a"),
        (b'{"x":{"a":1,"b":2,"a":1}}', "duplicate-member", "a"),
        (b'{"a":1,"\\u0061":2}', "duplicate-member", "a"),
        (b'{"a":NaN}', "not-a-number", "body"),
        (b'{"a":-Infinity}', "not-a-number", "body"),
        (b"[[", "not-json", "line 1 column 3"),
        (b"", "not-json", "line 1 column 1"),
        (b'{"a":01}', "not-json", "line 1 column 7"),
        (b"[" * 100_000, "too-deep", "body"),
        (b"[" * 33 + b"]" * 33, "too-deep", "body"),
        (b'{"a":[{"b":"\\ud800"}]}', "lone-surrogate", "a[0].b"),
        (b'{"a":{"b":[1,null]}}', "null", "a.b[1]"),
        (b'{"a":"x\\u0000"}', "control-character", "a"),
        (b'{"\\u0000":1}', "control-character", "body"),
        (b'{"a":"\xed\xa0\x80"}', "not-utf-8", "body"),
        (b'{"a":"\xc0\xaf"}', "not-utf-8", "body"),
        (b'{"a":1} x', "not-json", "line 1 column 9"),
        (b'{"a":"\x01"}', "not-json", "line 1 column 7"),
        (b'{"a":-0}', "minus-zero", "body"),
        (b"[1, -0 ]", "minus-zero", "body"),
        (b"-0", "minus-zero", "body"),
        (b'{"a":' + b"1" * 4300 + b"}", "number-too-long", "body"),
        (b'{"a":"x:y","b":1,"\\u0062":"\\u003a"}', "duplicate-member", "b"),
        (b'{"__proto__":1,"__proto__":2}', "duplicate-member", "?"),
        (b'{"given":["a",null]}', "null", "given[1]"),
        (b'{"given":["a",null],"_given":[{"id":"x"},null]}', "null", "_given[1]"),
        (b'{"a":' * 200_000, "too-deep", "body"),
        (
            b"[" + b'"[",' * 20_000 + b"[" * 40 + b"]" * 40 + b',"]"' * 20_000 + b"]",
            "too-deep",
            "body",
        ),
        (b"\xff\xfe{\x00}\x00", "not-utf-8", "body"),
        (b"\xef\xbb\xbf{}", "not-utf-8", "body"),
        (b"{\x00}\x00", "not-json", "line 1 column 2"),
        (b'"\xc4\xe3"', "not-utf-8", "body"),
        (b"1234567890123456789", "number-too-long", "body"),
        (b"-1234567890123456789", "number-too-long", "body"),
        (b"1E400", "number-out-of-range", "body"),
        (b"5.1e-400", "number-out-of-range", "body"),
        (b"1E-999999999999", "number-out-of-range", "body"),
        (b"0." + b"1" * 70, "number-too-long", "body"),
        (b"[" + b"1," * 60_000 + b"1]", "too-many-values", "body"),
    ],
)
def test_json_that_readers_disagree_about_is_refused_by_name_and_place(
    text: bytes, code: str, path: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(text)
    assert [(fault.code, fault.path) for fault in refused.value.faults] == [(code, path)]


def test_the_limits_themselves_are_allowed() -> None:
    assert read(b"[" * 32 + b"]" * 32) is not None
    assert read(b"[" + b"1," * 49_998 + b"1]") is not None
    assert read(b"123456789012345678") == 123456789012345678
    assert read(b"1E307") == Decimal("1E307")
    assert read(b"1E-307") == Decimal("1E-307")


def test_null_is_read_where_the_caller_says_so() -> None:
    assert read(b'{"a":null}', nulls=True) == {"a": None}


@given(st.binary(max_size=40) | _trees.map(wire.write), st.data())
def test_the_quick_reader_never_takes_what_the_strict_one_refuses(text: bytes, data: Any) -> None:
    """Mutated bytes of JSON: both give the same tree, or the same refusal."""
    changed = bytearray(text)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(_PIECES))
    found = [_tried(reader, bytes(changed)) for reader in (read, _strict)]
    assert found[0] == found[1]
    assert repr(found[0]) == repr(found[1])


_PIECES = [
    b"", b'"', b"{", b"}", b"[", b"]", b",", b":", b"-0", b"0", b"e5", b".", b"null", b"\\u003a",
    b'"a":1,', b'"a":', b"\\", b"\\ud800", b"\xff", b"\xc3\xa9", b" ", b"true", b"1" * 19, b"-",
    b"\\u0000", b"9.10", b"1E400", b"\x00", b"/", b"\\/",
]  # fmt: skip


def _strict(text: bytes) -> Any:
    return read_strictly(text, wire.NODES, wire.DEPTH, nulls=False)


def _tried(reader: Any, text: bytes) -> Any:
    try:
        return reader(text)
    except InvalidRequest as refusal:
        return type(refusal), refusal.faults


@pytest.mark.parametrize(
    "text",
    [b"[" * 200_000, b'{"a":' * 200_000, b"[" + b"[]," * 60_000 + b"1]", b'"' + b'\\"' * 500_000],
    ids=["openers", "objects", "siblings", "quotes"],
)
def test_what_is_far_too_much_is_refused_before_anything_is_built_of_it(text: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(InvalidRequest):
        read(text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * len(text) + 100_000


def test_only_an_object_is_an_object() -> None:
    assert read_object(b"{}") == {}
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_object(b"[]")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        tree = read(data, nulls=True)
    except InvalidRequest as refusal:
        assert refusal.faults[0].path.encode()  # noqa: PT017 - what was refused can be told
    else:
        assert not (isinstance(tree, float) and math.isnan(tree))
        wire.write(tree)


def test_what_is_refused_never_stands_in_the_words() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read('{"name":"张三\\u0000"}'.encode())
    assert "张三" not in str(refused.value) + repr(refused.value.faults)
