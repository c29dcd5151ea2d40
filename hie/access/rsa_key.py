"""What is asked of an RSA public key: size, exponent, and that it is not ROCA.

ROCA (CVE-2017-15361): a widely used smart-card library made primes of the form k*M + 65537^a mod M,
so the modulus lies in the subgroup that 65537 generates modulo each small prime factor of M. Such
keys can be factored. An honest key passes all seventeen tests by chance once in about 2^28.
"""

_SMALLEST, _LARGEST = 2048, 4096
_EXPONENT_FLOOR, _EXPONENT_BITS = 65537, 64

# The factors of M for which 65537 does not generate the whole group, so that they tell something.
_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def _subgroup(prime: int) -> frozenset[int]:
    members, power = set(), 1
    while power not in members:
        members.add(power)
        power = power * 65537 % prime
    return frozenset(members)


_SUBGROUPS = tuple((prime, _subgroup(prime)) for prime in _PRIMES)


def has_roca_fingerprint(modulus: int) -> bool:
    """Whether the modulus bears the fingerprint of the flawed generator."""
    return all(modulus % prime in members for prime, members in _SUBGROUPS)


def check_rsa(modulus: int, exponent: int) -> str | None:
    """What was expected of the key and is not so; None when it may be used."""
    if not _SMALLEST <= modulus.bit_length() <= _LARGEST:
        return f"a modulus of {_SMALLEST} to {_LARGEST} bits"
    if modulus % 2 == 0:
        return "an odd modulus"
    if exponent < _EXPONENT_FLOOR or exponent % 2 == 0 or exponent.bit_length() > _EXPONENT_BITS:
        return f"an odd public exponent from {_EXPONENT_FLOOR}, at most {_EXPONENT_BITS} bits"
    if has_roca_fingerprint(modulus):
        return "a key not made by the flawed generator (ROCA, CVE-2017-15361)"
    return None
