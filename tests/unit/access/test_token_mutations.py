"""A valid token, spoiled by a machine: only the original is accepted, and two readers agree."""

import json
import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from hie.access.compact import decode_segment
from hie.access.mint import mint
from hie.access.profile import Profile
from hie.access.token import verify_text
from hie.errors import NotAuthenticated
from tests.unit.access.tokens import (
    NOW,
    a_grant,
    an_access_header,
    an_access_payload,
    hub_key,
    hub_private,
    of_hub,
    segment,
    signed,
)

VALID = mint(a_grant(), hub_key(), "ab" * 16, NOW)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALPHABET = string.ascii_letters + string.digits + "-_.=+/ \n%"


def accepts(text: str) -> bool:
    try:
        verify_text(text, Profile.ACCESS_TOKEN, of_hub(), NOW)
    except NotAuthenticated:
        return False
    return True


def joserfc_accepts_signature(text: str) -> bool:
    key = ECKey.import_key(dict(hub_key().verifying.jwk()))
    try:
        jws.deserialize_compact(text.encode(), key, algorithms=["ES256"])
    except (JoseError, ValueError, TypeError, RecursionError):
        return False
    return True


def is_malleation(text: str) -> bool:
    """(r, n - s) beside (r, s) is inherent to ECDSA: replay is keyed by (iss, jti) therefore."""
    head, _, tail = text.rpartition(".")
    valid_head, _, valid_tail = VALID.rpartition(".")
    try:
        mine, valid = decode_segment(tail), decode_segment(valid_tail)
    except NotAuthenticated:
        return False
    s = (int.from_bytes(part[32:]) for part in (mine, valid))
    return head == valid_head and mine[:32] == valid[:32] and sum(s) == ORDER


def test_the_original_is_accepted() -> None:
    assert accepts(VALID)
    assert joserfc_accepts_signature(VALID)


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_a_token_with_any_characters_changed_is_refused(data: st.DataObject) -> None:
    text = VALID
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        put = data.draw(st.text(ALPHABET, max_size=3))
        cut = data.draw(st.integers(0, 3))
        text = text[:place] + put + text[place + cut :]
    assert accepts(text) == (text == VALID or is_malleation(text))


@settings(max_examples=500, deadline=None)
@given(st.binary(min_size=1, max_size=4), st.integers(0, 2), st.integers(0, 400))
def test_a_token_with_any_bytes_changed_is_refused(put: bytes, part: int, place: int) -> None:
    parts = VALID.split(".")
    raw = decode_segment(parts[part])
    place %= len(raw)
    parts[part] = segment(raw[:place] + put + raw[place + len(put) :])
    text = ".".join(parts)
    assert accepts(text) == (text == VALID or is_malleation(text))


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
headers = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "jku", "jwk", "crit", "b64", "zip", "cty", "x5u", "exp"]),
    values | st.sampled_from(["ES256", "none", "HS256", "at+jwt", "JWT", ["exp"], False]),
    max_size=3,
)
claims = st.dictionaries(
    st.sampled_from([*an_access_payload(), "nbf", "cnf"]),
    values | st.sampled_from([NOW, NOW + 60, NOW + 301, NOW - 31]),
    min_size=1,
    max_size=3,
)


def unchanged(values: dict[str, Any], changes: dict[str, Any]) -> bool:
    return all(name in values and values[name] == value for name, value in changes.items())


@settings(max_examples=800, deadline=None)
@given(headers)
def test_a_well_signed_token_with_another_header_is_refused(changes: dict[str, Any]) -> None:
    header = an_access_header() | changes
    text = signed(header, an_access_payload(), hub_private(), "ES256")
    assert accepts(text) == unchanged(an_access_header(), changes)


@settings(max_examples=800, deadline=None)
@given(claims)
def test_a_claim_the_door_reads_cannot_be_of_another_kind(changes: dict[str, Any]) -> None:
    payload = an_access_payload() | changes
    text = signed(an_access_header(), payload, hub_private(), "ES256")
    if accepts(text):
        assert joserfc_accepts_signature(text)
        assert payload["iss"] == an_access_payload()["iss"]
        assert payload["aud"] == an_access_payload()["aud"]
        assert isinstance(payload["jti"], str)
        assert isinstance(payload["scope"], str)
        assert type(payload["exp"]) is int
        assert type(payload["iat"]) is int
        assert payload["exp"] >= NOW - 30
        assert 0 < payload["exp"] - payload["iat"] <= 300


@settings(max_examples=600, deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_what_the_door_accepts_the_second_reader_accepts(header: bytes, payload: bytes) -> None:
    text = signed(header, payload, hub_private(), "ES256")
    assert not accepts(text) or joserfc_accepts_signature(text)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 4), st.sampled_from(list(an_access_payload())))
def test_a_member_named_twice_is_refused_wherever_it_stands(place: int, name: str) -> None:
    members = [f"{json.dumps(k)}:{json.dumps(v)}" for k, v in an_access_payload().items()]
    members.insert(place, f"{json.dumps(name)}:{json.dumps(an_access_payload()[name])}")
    payload = "{" + ",".join(members) + "}"
    assert not accepts(signed(an_access_header(), payload.encode(), hub_private(), "ES256"))
