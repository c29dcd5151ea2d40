"""Ids made by the hub: random, never derived from what they name.

An id that followed from a business key would tell whoever holds the key that the row exists. Those
of the log begin with its time, which the row says anyway: what is appended lies at the end of each
index.
"""

import os

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TABLE = bytes(_ALPHABET[byte % 62] for byte in range(256))
LENGTH = 16
_TIME, _CHANCE = 9, 10  # letters of an id of the log: until the year 2398


def new_id() -> str:
    """A fresh id: 16 letters and digits, 95 random bits; a valid FHIR id (R4, datatypes `id`)."""
    return os.urandom(LENGTH).translate(_TABLE).decode("ascii")


def new_ids(count: int) -> list[str]:
    """So many fresh ids, for one call to the system."""
    text = os.urandom(LENGTH * count).translate(_TABLE).decode("ascii")
    return [text[start : start + LENGTH] for start in range(0, len(text), LENGTH)]


def timed_ids(at_us: int, count: int) -> list[str]:
    """So many fresh ids that sort by their time (microseconds since 1970), then at random.

    Nine letters and digits of time, ten of chance (59 bits).
    """
    text = os.urandom(_CHANCE * count).translate(_TABLE).decode("ascii")
    head = _time(at_us)
    return [head + text[start : start + _CHANCE] for start in range(0, len(text), _CHANCE)]


def _time(at_us: int) -> str:
    found = bytearray(_TIME)
    for place in range(_TIME - 1, -1, -1):
        at_us, digit = divmod(at_us, 62)
        found[place] = _ALPHABET[digit]
    return found.decode("ascii")
