"""Ids made by the hub: random, never derived from what they name.

An id that followed from a business key would tell whoever holds the key that the row exists.
"""

import os

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TABLE = bytes(_ALPHABET[byte % 62] for byte in range(256))
LENGTH = 16


def new_id() -> str:
    """A fresh id: 16 letters and digits, 95 random bits; a valid FHIR id (R4, datatypes `id`)."""
    return os.urandom(LENGTH).translate(_TABLE).decode("ascii")


def new_ids(count: int) -> list[str]:
    """So many fresh ids, for one call to the system."""
    text = os.urandom(LENGTH * count).translate(_TABLE).decode("ascii")
    return [text[start : start + LENGTH] for start in range(0, len(text), LENGTH)]
