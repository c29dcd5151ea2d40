"""All that the hub signs it signs in one way: a compact JWS that its own strict reader takes."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from hie.access.compact import read_compact
from hie.access.ring import signing_key
from hie.access.token import check_signature

KEY = signing_key(ec.generate_private_key(ec.SECP256R1()), 0)
values = st.recursive(
    st.text(max_size=20) | st.integers(-(2**50), 2**50) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", ["JWT", "at+jwt"])
@given(claims=st.dictionaries(st.text(max_size=9), values, max_size=5))
def test_what_is_signed_is_read_back_and_verifies(kind: str, claims: dict[str, object]) -> None:
    apart = read_compact(KEY.signed(claims, kind))
    assert apart.header == {"alg": "ES256", "typ": kind, "kid": KEY.kid}
    assert apart.payload == claims
    check_signature(apart, KEY.verifying)


def test_the_library_has_no_sm2_as_the_page_on_data_at_rest_says() -> None:
    """When it has: docs/at-rest.md, and a Signer of its own beside FileSigner."""
    with pytest.raises(LookupError):
        ec.get_curve_for_oid(ObjectIdentifier("1.2.156.10197.1.301"))  # GM/T 0006: SM2
