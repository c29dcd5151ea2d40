"""Keyed hashes tell nothing, sealed values open in their place only."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import HubError
from hie.store.keys import Keys

KEYS = Keys(b"i" * 32, b"d" * 32)
OTHER = Keys(b"j" * 32, b"d" * 32)


@given(st.binary(max_size=300))
def test_what_was_sealed_is_read_again(data: bytes) -> None:
    assert KEYS.unseal(KEYS.seal(data, "t", "c", "1"), "t", "c", "1") == data


def test_a_sealed_value_opens_in_no_other_place() -> None:
    sealed = KEYS.seal(b"value", "message", "body", "1")
    with pytest.raises(HubError, match="moved"):
        KEYS.unseal(sealed, "message", "body", "2")


def test_an_altered_value_does_not_open() -> None:
    sealed = bytearray(KEYS.seal(b"value", "t"))
    sealed[-1] ^= 1
    with pytest.raises(HubError, match="altered"):
        KEYS.unseal(bytes(sealed), "t")
    with pytest.raises(HubError, match="suite"):
        KEYS.unseal(b"\x09" + os.urandom(40), "t")


def test_two_seals_of_one_value_differ() -> None:
    assert KEYS.seal(b"value", "t") != KEYS.seal(b"value", "t")


def test_a_hash_depends_on_the_key_and_on_where_parts_end() -> None:
    assert KEYS.blind("ab", "c") == KEYS.blind("ab", "c")
    assert KEYS.blind("ab", "c") != KEYS.blind("a", "bc")
    assert KEYS.blind("ab", "c") != OTHER.blind("ab", "c")
    assert len(KEYS.blind("x")) == 43
    assert len(KEYS.short("x")) == 22
    assert KEYS.fingerprint != OTHER.fingerprint


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_only_equal_parts_have_equal_hashes(one: list[str], other: list[str]) -> None:
    assert (KEYS.short(*one) == KEYS.short(*other)) == (one == other)
