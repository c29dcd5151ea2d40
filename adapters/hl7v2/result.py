"""OBX: one result. The hot path: a plain numeric OBX takes the first branch everywhere.

Attachments (ED, RP) are no results; `report.py` sends them to `attachment.py`.
"""

from operator import itemgetter
from typing import Final, cast

import msgspec

from adapters.hl7v2 import statuses, words
from adapters.hl7v2.coded import coded
from adapters.hl7v2.numbers import PLAIN
from adapters.hl7v2.parties import institution, staff
from adapters.hl7v2.ranges import read_ranges
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading
from adapters.hl7v2.values import READERS, WHOLE, Read, Where, read_unknown
from hie.charset import mojibake
from hie.records import (
    Coded,
    Institution,
    Interpretation,
    Quantity,
    ReferenceRange,
    Result,
    ResultValue,
    Staff,
    Text,
    Time,
    Val,
)

_LONGEST_PANEL = 400
_LONGEST_REPORT = 256


class Panel(msgspec.Struct, frozen=True, gc=False):
    """What an analyser sends again with every patient: code, unit and interval of one line."""

    code: Coded | None
    unit: Val | None
    ranges: tuple[ReferenceRange, ...]
    is_number: bool
    issues: tuple[tuple[str, str, str], ...]


def read_result(
    reading: Reading, obx: Segment, collected: Time | None, specimen: int | None
) -> Result | None:
    """The OBX as a result; None if it is none, with an issue that says why.

    `collected` and `specimen` are those of the order, for what the OBX does not say itself.
    """
    f, row = obx.fields, obx.row
    panel = _panel(reading, f[3], f[6], f[7], obx)
    if panel.issues:
        for code, path, found in panel.issues:
            reading.issue(code, path, found)
    if panel.code is None:
        reading.issue("code-missing", row[3])
        return None
    letter = f[11]
    status = _SETTLED.get(letter)
    if status is None or not reading.is_plain:
        letter, status = _status(reading, letter, row[11])
        if letter in ("O", "N"):
            reading.issue("order-detail" if letter == "O" else "not-asked", row[11])
            return None
    raw = f[5]
    unit = panel.unit
    value: ResultValue | None
    if f[2] == "NM" and letter in _SETTLED and PLAIN.fullmatch(raw):
        outcome, value = _NOTHING_ELSE, Quantity(raw)
    else:
        said = _outcome(reading, f, row, panel, letter, status)
        if said is None:
            return None
        outcome, value = said, said.value
        status = outcome.status or status
        if unit is None and outcome.unit:
            unit = Val(outcome.unit, row[5])
    flag = _SIMPLE_FLAGS.get(f[8]) if reading.is_plain and not outcome.inside else None
    when = f[14]
    if when:
        collected = reading.time(when, row[14]) or collected
    flags = (
        (Interpretation(flag, f[8], row[8]),)
        if flag
        else _flags(reading, f[8], row[8], outcome.inside)
    )
    bench = _NO_BENCH
    if obx.size > _FIRST_MAKER and any(makers := _MAKERS(f)):
        bench = _bench(reading, makers, obx)
    if bench.performer is not None and bench.performer.code is None:
        reading.once("institution-unmapped", bench.performer.path, bench.performer.name)
    return Result(
        panel.code,
        row[0],
        status,
        (reading.whole(f[4]) or None) if f[4] else None,
        value,
        unit,
        outcome.absent,
        outcome.components,
        panel.ranges,
        flags,
        collected,
        reading.time(f[19], row[19]) if f[19] else None,
        bench.performer,
        bench.staff,
        bench.method,
        bench.device,
        None,
        bench.category,
        outcome.notes,
        _first(reading, f[21], row[21]) if f[21] else None,
        Val(letter, row[11]) if letter else None,
        letter == "W",
        outcome.delete or letter == "D",
        specimen,
    )


# Letters whose result is simply what the OBX says.
_SETTLED: Final = {k: v for k, v in statuses.RESULT.items() if k in "FPCABRV"}
_FIRST_MAKER = 15
_MAKERS: Final = itemgetter(_FIRST_MAKER, 16, 17, 18, 23, 25, 29)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What OBX-5 and OBX-11 together say."""

    value: ResultValue | None
    components: tuple[ResultValue, ...] = ()
    absent: str | None = None
    notes: tuple[Val, ...] = ()
    inside: tuple[Interpretation, ...] = ()  # flags that stood in the value
    unit: str = ""  # a unit that stood in the value
    status: str | None = None
    delete: bool = False


_NOTHING_ELSE: Final = Outcome(None)


def _outcome(
    reading: Reading, f: list[str], row: list[str], panel: Panel, letter: str, status: str | None
) -> Outcome | None:
    """The value, or why there is none; None if the OBX is no result at all."""
    raw, path = f[5], row[5]
    if raw == NULL:
        reading.issue("value-deleted", path)
        return Outcome(None, absent="unknown", status="entered-in-error", delete=True)
    read, components = _value(reading, f, row, panel)
    notes = (Val(read.note, path),) if read.note else ()
    if read.value is None and not components:
        if read.absent:
            return Outcome(None, absent=read.absent, notes=notes)
        if letter in ("I", "O", "S", ""):
            reading.issue("result-empty", path)
            return None
        absent = "not-performed" if letter == "X" else None if letter in "UDW" else "unknown"
        return Outcome(None, absent=absent)
    if letter == "X":
        return Outcome(None, absent="not-performed", notes=(Val(reading.whole(raw), path),))
    if letter == "I":
        reading.issue("value-while-pending", path)
        reading.tally.ignore(path)
        return Outcome(None)
    if isinstance(read.value, Text) and mojibake(read.value.text) is not None:
        reading.issue("mojibake", path)
    inside = (Interpretation(read.flag, read.flag_text, path),) if read.flag else ()
    return Outcome(read.value, components, read.absent, notes, inside, read.unit or "")


class Bench(msgspec.Struct, frozen=True, gc=False):
    """Who and what made the result: the same with every message of one bench."""

    performer: Institution | None = None
    staff: tuple[Staff, ...] = ()
    method: Coded | None = None
    device: Val | None = None
    category: str | None = None


_NO_BENCH: Final = Bench()


def _bench(reading: Reading, makers: tuple[str, ...], obx: Segment) -> Bench:
    """OBX-15 to 18, 23, 25 and 29, remembered for the next message."""
    row = obx.row
    key = (row[0], makers)
    bench = reading.memo.get(key)
    if bench is not None:
        return cast("Bench", bench)
    producer, observer, method, device, organisation, director, category = makers
    bench = Bench(
        _performer(reading, organisation, row[23], producer, row[15]),
        (*staff(reading, observer, row[16]), *staff(reading, director, row[25])),
        coded(reading, method, row[17]) if method else None,
        _device(reading, device, row[18]) if device else None,
        reading.component(category, 1) or None,
    )
    if _is_kept(reading, obx, sum(map(len, makers))):
        reading.keep(key, bench)
    return bench


def _is_kept(reading: Reading, obx: Segment, length: int) -> bool:
    """Whether this OBX is one that comes again: read where HL7 says, short, among the first."""
    return reading.is_standard and length < _LONGEST_PANEL and obx.number <= _LONGEST_REPORT


def _panel(reading: Reading, code: str, unit: str, printed: str, obx: Segment) -> Panel:
    """The unchanging part of an OBX, kept for the next message of the same panel."""
    row = obx.row
    key = (row[0], code, unit, printed)
    panel = reading.memo.get(key)
    if panel is not None:
        return cast("Panel", panel)
    issues: list[tuple[str, str, str]] = []
    named = coded(reading, code, row[3]) if code else None
    if named and named.display and mojibake(named.display) is not None:
        issues.append(("mojibake", row[3], named.display))
    measured = _unit(reading, unit, row[6], issues) if unit else None
    ranges: tuple[ReferenceRange, ...] = ()
    if printed:
        text = reading.whole(printed)
        if text:
            ranges, fault = read_ranges(text, row[7], measured.text if measured else "")
            if fault:
                issues.append((fault, row[7], text))
    panel = Panel(named, measured, ranges, is_number(reading, named), tuple(issues))
    if _is_kept(reading, obx, len(code) + len(unit) + len(printed)):
        reading.keep(key, panel)
    return panel


def _unit(reading: Reading, raw: str, path: str, issues: list[tuple[str, str, str]]) -> Val | None:
    r"""OBX-6: the text that was meant as the unit.

    `^10\S\9/L` has it in the second component; `10^9/L` was not escaped; a local number before
    a text (`1^CM^METRIC`) is a code of the sender.
    """
    if reading.delimiters.component not in raw:
        text = reading.whole(raw)
    else:
        parts = reading.parts(raw)
        text = _unescaped_power(parts)
        if text:
            issues.append(("unit-unescaped", path, raw))
        else:
            first, second = parts[0], parts[1]
            text = second if second and (not first or first.isdigit()) else first
            text = text or next((p for p in parts if p), "")
    text = reading.profile.units.get(text, text)
    return Val(text, path) if text else None


def _unescaped_power(parts: list[str]) -> str:
    """`10^9/L` that was split at its caret, put together again; else empty."""
    for at in range(len(parts) - 1):
        base, power = parts[at].strip(), parts[at + 1]
        if base.lstrip("×xX*").strip() == "10" and power[:1].isdigit():
            digits = power.split("/", 1)[0]
            if digits.isdigit() and len(digits) < 3:
                return f"{base}^{power}"
    return ""


def _status(reading: Reading, raw: str, path: str) -> tuple[str, str | None]:
    """The letter of table 0085 and the status it leads to."""
    letter = reading.component(raw, 1) if raw else ""
    profile = reading.profile
    letter = profile.status_codes.get(letter, letter).strip()
    if letter not in statuses.RESULT_CODES:
        letter = letter.upper() if letter.upper() in statuses.RESULT_CODES else letter
    if letter in statuses.RESULT_CODES:
        return letter, statuses.RESULT.get(letter)
    if letter:
        reading.issue("status-unknown", path, letter, expected="a code of HL7 table 0085")
        return letter, None
    if profile.default_status:
        reading.issue("status-defaulted", path, expected=profile.default_status)
        return "", profile.default_status
    reading.issue("status-missing", path, expected="OBX-11, or default_status in the profile")
    return "", None


def _value(
    reading: Reading, f: list[str], row: list[str], panel: Panel
) -> tuple[Read, tuple[ResultValue, ...]]:
    """OBX-5: one value, or several as components."""
    raw = f[5]
    kind = f[2]
    if not raw or raw == NULL:
        return Read(), ()
    reader = READERS.get(kind)
    if reader is None:
        kind = reading.component(kind, 1).upper()
        reader = READERS.get(kind)
        if reader is None:
            reading.issue("value-type-unknown", row[2], kind)
            reader = read_unknown
    where = Where(row[5], panel.unit.text if panel.unit else "", panel.is_number)
    if reading.delimiters.repetition not in raw or kind in WHOLE or reader is read_unknown:
        return reader(reading, raw, where), ()
    reads = [reader(reading, one, where) for one in reading.repeats(raw) if one]
    values = tuple(r.value for r in reads if r.value is not None)
    if len(values) == 1 and len(reads) == 1:
        return reads[0], ()
    notes = "\n".join(r.note for r in reads if r.note)
    absent = reads[0].absent if reads and not values else None
    return Read(absent=absent, note=notes or None), values


def is_number(reading: Reading, code: Coded | None) -> bool:
    """Whether the profile says that texts of this code are numbers."""
    scale = reading.profile.scale
    if not scale or code is None:
        return False
    return (scale.get(code.code or "") or scale.get(code.display or "") or scale.get("*")) == "Qn"


_SIMPLE_FLAGS: Final = {
    code: words.FLAGS[code.casefold()] for code in ("H", "L", "N", "A", "HH", "LL", "↑", "↓")
}


def _flags(
    reading: Reading, raw: str, path: str, inside: tuple[Interpretation, ...]
) -> tuple[Interpretation, ...]:
    """Flags of OBX-8, then what stood in the value itself. Never computed from an interval."""
    if not raw or raw == NULL:
        return inside
    own = reading.profile.flags
    found = []
    for number, one in enumerate(reading.repeats(raw), start=1):
        parts = [p for p in reading.parts(one) if p] or [reading.whole(one)]
        if not parts[0]:
            continue
        code = next((c for p in parts if (c := own.get(p) or words.FLAGS.get(words.key(p)))), None)
        where = path if number == 1 else f"{path}[{number}]"
        if code is None:
            reading.issue("flag-unknown", where, parts[0])
        found.append(Interpretation(code, parts[0], where))
    return (*found, *(i for i in inside if i.code not in {x.code for x in found}))


def _performer(
    reading: Reading, raw: str, path: str, producer: str, producer_path: str
) -> Institution | None:
    """OBX-23, else OBX-15: the first that leads to a credit code, else the first that is filled."""
    named = institution(reading, raw, path)
    if named is not None and named.code is not None:
        return named
    other = institution(reading, producer, producer_path)
    return other if other is not None and (named is None or other.code) else named


def _device(reading: Reading, raw: str, path: str) -> Val | None:
    """OBX-18 (EI): the whole identifier of the instrument, parts joined by blanks."""
    text = " ".join(p for p in reading.parts(reading.repeats(raw)[0]) if p)
    return Val(text, path) if text else None


def _first(reading: Reading, raw: str, path: str) -> Val | None:
    text = reading.component(raw, 1)
    return Val(text, path) if text else None
