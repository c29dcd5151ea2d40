"""What columns of a labelled row say instead of codes: marks that only their patient explains.

A row that is restricted, or not labelled, tells in clear when it is of, not of what. A mark is a
keyed hash (RFC 7693) of column and value under a key of the patient: whoever searches for a code
within a patient's rows knows the mark; two patients' rows of one test have different ones, so that
counting them tells nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from hie.access.labels.label import NORMAL, confidentiality
from hie.store import index
from hie.store.other_codes import Place, entry
from hie.store.session import Reader

SIGN = "~"  # sorts behind every code an item may have
_SIZE = 8  # bytes: a patient has thousands of rows, not more
_CODES = {name: name for name in ("code", "local_code", "item")}
MASKED: Mapping[str, Mapping[str, str]] = {
    "Observation": _CODES,
    "DiagnosticReport": _CODES,
    "ImagingStudy": {"klass": "item"},
}
_ENTRY = re.compile("\x1f([cgm])([^\x1e\x1f]*)\x1e\\1([^\x1e\x1f]*)\x1f")
_ELSEWHERE = "codes"  # of codes without a column; an examination's devices are no secret

Marks = Callable[[str, str], str]  # of a column and a value


def is_masked(label: int | None) -> bool:
    """Whether a row of this label says its codes by marks."""
    return confidentiality(label) > NORMAL


def marks_of(reader: Reader, home: str) -> Marks:
    """The marks of one patient's rows."""
    key = reader.db.keys.blind("label", home).encode()

    def mark(column: str, value: str) -> str:
        said = f"{column}|{value}".encode("utf-8", "surrogatepass")
        return SIGN + blake2b(said, digest_size=_SIZE, key=key).hexdigest()

    return mark


def mask(
    reader: Reader, kind: str, home: str, label: int | None, values: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The typed columns of a row (`index.values`) as they are stored under its label."""
    hidden = MASKED.get(kind)
    if hidden is None or not is_masked(label):
        return values
    mark = marks_of(reader, home)
    found: list[Any] = []
    for name, value in zip(index.columns(kind), values, strict=True):
        if value is None:
            found.append(None)
        elif name in hidden:
            found.append(mark(hidden[name], value))
        elif name == _ELSEWHERE and kind != "ImagingStudy":
            found.append(_elsewhere(mark, value))
        else:
            found.append(value)
    return tuple(found)


def also(reader: Reader, column: str, homes: Iterable[str], values: Sequence[str]) -> list[str]:
    """These values, and what the labelled rows of these patients say instead."""
    found = list(values)
    for home in homes:
        mark = marks_of(reader, home)
        found += [mark(column, value) for value in values]
    return found


def meanings(
    reader: Reader, column: str, homes: Iterable[str], values: Sequence[str]
) -> dict[str, str]:
    """What each value of a column means: itself, or what a mark stands for."""
    found = {value: value for value in values}
    for home in homes:
        mark = marks_of(reader, home)
        found.update((mark(column, value), value) for value in values)
    return found


def _elsewhere(mark: Marks, text: str) -> str:
    """Codes that have no column, each by the marks of all that a search may say of it."""
    said: dict[str, None] = {}
    for place, system, code in _ENTRY.findall(text):
        for asked in ((system, code), (None, code), (system, None)):
            said[mark(_ELSEWHERE, entry(Place(place), *asked))] = None
    return _ENTRY.sub("", text) + "".join(said)
