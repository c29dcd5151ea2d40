"""A QIDO-RS query string becomes what to match, or a refusal that names the parameter.

PS3.18 8.3.4 and PS3.4 C.2.2.2: single values, UID lists, wildcards, ranges of dates and times.
Fuzzy matching is not done (a Warning says so); what the hub cannot match on is refused, never
ignored. Everything the hub knows is returned, so `includefield` changes nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hie.errors import Fault, InvalidRequest
from hie.exchange.no_decoders import no_decoders
from hie.store.instants import bounds

MOST, USUAL = 1000, 100
_MOST_VALUES = 100
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_UIDS = frozenset({"0020000D", "0020000E", "00080018", "00080016"})
_DATES = frozenset({"00080020", "00100030", "00080021"})
_TIMES = frozenset({"00080030", "00080031"})
_PATIENT = {"00100010", "00100020", "00100030", "00100040"}
STUDY = frozenset(
    _PATIENT
    | {
        "00080020",
        "00080030",
        "00080050",
        "00080061",
        "00080090",
        "00081030",
        "0020000D",
        "00200010",
    }
)
SERIES = frozenset(
    {"00080060", "0008103E", "00080021", "00080031", "00180015", "0020000E", "00200011"}
)
INSTANCE = frozenset({"00080016", "00080018", "00200013"})


@dataclass(frozen=True, slots=True)
class Query:
    """What to match, by level, tag to text; and which part of the answer is wanted."""

    study: Mapping[str, str]
    series: Mapping[str, str]
    instance: Mapping[str, str]
    limit: int = USUAL
    offset: int = 0
    is_fuzzy: bool = False


def parse(pairs: Sequence[tuple[str, str]], level: str) -> Query:
    """The query at `level` (study, series or instance). Raises InvalidRequest."""
    matched: dict[str, dict[str, str]] = {"study": {}, "series": {}, "instance": {}}
    limit, offset, fuzzy = USUAL, 0, False
    for name, value in pairs:
        match name:
            case "limit":
                limit = min(_number(name, value), MOST)
            case "offset":
                offset = _number(name, value)
            case "fuzzymatching" | "emptyvaluematching" | "multiplevaluematching":
                if value not in {"true", "false"}:
                    raise _bad(name, "invalid-value", "true or false")
                fuzzy = fuzzy or value == "true"
            case "includefield":
                for one in value.split(","):
                    if one != "all":
                        _tag(one)
            case "accept":
                pass
            case _:
                tag = _tag(name)
                place = _level(tag, level, name)
                if tag in matched[place]:
                    raise _bad(name, "repeated", "this parameter once")
                if value:
                    _check(tag, name, value)
                    matched[place][tag] = value
    return Query(matched["study"], matched["series"], matched["instance"], limit, offset, fuzzy)


def matches(tag: str, asked: str, held: str) -> bool:
    """Whether a held value is what was asked for (PS3.4 C.2.2.2.1 to .5)."""
    if tag in _UIDS:
        return held in re.split(r"[,\\]", asked)
    if tag in _DATES | _TIMES:
        return _in_range(asked, held)
    values = held.split("\\")
    patterns = asked.split("\\") if tag == "00080061" else [asked]
    ignore_case = re.IGNORECASE if tag in {"00100010", "00080090"} else 0
    for pattern in patterns:
        wild = re.compile(_wild(pattern), ignore_case)
        for value in values:
            if any(wild.fullmatch(part) for part in (value, *value.split("="))):
                return True
    return False


def span(asked: str) -> tuple[int | None, int | None]:
    """First and last microsecond of a range of days, as days of the hub's zone."""
    first, dash, last = asked.partition("-")
    if not dash:
        last = first
    return (_day(first, 0) if first else None, _day(last, 1) if last else None)


def uids(asked: str) -> list[str]:
    """The UIDs of a list."""
    return [one for one in re.split(r"[,\\]", asked) if one]


def is_plain(asked: str) -> bool:
    """Whether a text has no wildcard."""
    return not set("*?") & set(asked)


def _wild(pattern: str) -> str:
    # Runs of stars are one: several would only make matching slow.
    pattern = re.sub(r"\*+", "*", pattern)
    if pattern.count("*") > 4:
        raise _bad("wildcard", "too-costly", "at most four *")
    return "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)


def _in_range(asked: str, held: str) -> bool:
    if not held:
        return False
    first, dash, last = asked.partition("-")
    if not dash:
        return held[: len(first)] == first
    return (not first or held >= first) and (not last or held[: len(last)] <= last)


def _day(text: str, end: int) -> int | None:
    found = bounds(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    return None if found is None else found[end]


def _check(tag: str, name: str, value: str) -> None:
    if tag in _UIDS:
        if not re.fullmatch(r"[0-9A-Za-z.\-]{1,64}([,\\][0-9A-Za-z.\-]{1,64})*", value):
            raise _bad(name, "invalid-value", "a UID, or several with commas")
        if len(uids(value)) > _MOST_VALUES:
            raise _bad(name, "too-many-values", f"at most {_MOST_VALUES}")
    elif tag in _DATES:
        for part in value.split("-", 1):
            if part and not _is_date(part):
                raise _bad(name, "not-a-date", "YYYYMMDD, or a range with -")
        if value == "-":
            raise _bad(name, "not-a-date", "YYYYMMDD, or a range with -")
    elif tag in _TIMES:
        if not re.fullmatch(r"\d{0,6}(\.\d{1,6})?(-\d{0,6}(\.\d{1,6})?)?", value):
            raise _bad(name, "not-a-time", "HHMMSS, or a range with -")
    else:
        _wild(value)


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a day, no moment
    except ValueError:
        return False
    return len(text) == 8


def _level(tag: str, level: str, name: str) -> str:
    if tag in STUDY:
        return "study"
    if tag in SERIES and level != "study":
        return "series"
    if tag in INSTANCE and level == "instance":
        return "instance"
    known = STUDY | (SERIES if level != "study" else set())
    known |= INSTANCE if level == "instance" else set()
    names = sorted(_dictionary().keyword_for_tag(int(one, 16)) for one in known)
    raise _bad(name, "unknown-parameter", ", ".join(names))


def _tag(name: str) -> str:
    """The tag of a keyword or of eight hexadecimal digits."""
    if _TAG.fullmatch(name):
        return name.upper()
    number = _dictionary().tag_for_keyword(name.rpartition(".")[2])
    if number is None:
        raise _bad(name, "unknown-attribute", "a DICOM keyword or tag")
    return f"{number:08X}"


def _dictionary() -> Any:
    """DICOM's names of data elements (PS3.6), loaded with the first question."""
    with no_decoders():
        from pydicom import datadict
    return datadict


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise _bad(name, "invalid-value", "a whole number")
    return int(value)


def _bad(name: str, code: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"parameter {name[:64]!r}", (Fault(name[:64], code, expected),))
