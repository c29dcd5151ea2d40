"""Bodies come back byte for byte, small, whichever dictionary they were written with."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import Unavailable
from hie.store.compression import Bodies, shipped_dictionaries
from tests.train_dictionary import samples

SHIPPED = Bodies(shipped_dictionaries())
# A dictionary is part of the data: a changed one makes every row unreadable.
DIGESTS = {
    1: "ac3d98a109d0f97289ca7fe7d65fdde26cf1600c3ab243b5370c3f1ffdcab98f",
    2: "dd69c2cd35d807786a8436fc18b51c5a7eeaa78df3012d267d669f1952bd5119",
}


@given(st.binary(max_size=3_000))
def test_any_bytes_come_back(data: bytes) -> None:
    assert SHIPPED.decompress(SHIPPED.number, SHIPPED.compress(data)) == data
    assert SHIPPED.unpack(SHIPPED.pack(data)) == data


def test_rows_of_an_earlier_dictionary_stay_readable() -> None:
    plain = Bodies({})
    body = b'{"resourceType":"Observation"}'
    assert SHIPPED.decompress(plain.number, plain.compress(body)) == body


def test_an_unknown_dictionary_is_named() -> None:
    with pytest.raises(Unavailable, match="99"):
        SHIPPED.decompress(99, b"")


def test_a_shipped_dictionary_never_changes() -> None:
    found = {n: hashlib.sha256(data).hexdigest() for n, data in shipped_dictionaries().items()}
    assert found == DIGESTS


def test_a_body_of_each_dictionary_is_read_by_the_number_of_its_row() -> None:
    shipped = shipped_dictionaries()
    (body,) = (one for one in samples(5, 1)[:1])
    for number in shipped:
        then = Bodies({n: data for n, data in shipped.items() if n <= number})
        assert then.number == number
        assert SHIPPED.decompress(number, then.compress(body)) == body


def test_a_result_it_was_not_trained_on_takes_a_fifth() -> None:
    bodies = [body for body in samples(99, 20) if b'"Observation"' in body[:40]]
    small = [SHIPPED.compress(body) for body in bodies]
    assert sum(map(len, small)) * 5 < sum(map(len, bodies))
