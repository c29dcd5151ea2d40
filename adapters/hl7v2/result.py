"""OBX: one result. The hot path: a plain numeric OBX takes the first branch everywhere.

Attachments (ED, RP) are no results; `report.py` sends them to `attachment.py`.
"""

from typing import Any, Final

import msgspec

from adapters.hl7v2 import statuses, words
from adapters.hl7v2.coded import coded
from adapters.hl7v2.parties import institution, staff
from adapters.hl7v2.ranges import read_ranges
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading
from adapters.hl7v2.values import READERS, WHOLE, Read, Where, read_unknown
from hie.records import (
    Coded,
    Interpretation,
    ReferenceRange,
    Result,
    ResultValue,
    Val,
)

_KINDS: Final = {"TXT": "TX", "NUM": "NM"}


class Panel(msgspec.Struct, frozen=True, gc=False):
    """What an analyser sends again with every patient: code, unit and interval of one line."""

    code: Coded | None
    unit: Val | None
    ranges: tuple[ReferenceRange, ...]
    issues: tuple[tuple[str, str, str], ...]


_panels: dict[tuple[str, str, str, str, Any], Panel] = {}
_MOST_PANELS = 8192
_LONGEST_PANEL = 400


def read_result(reading: Reading, obx: Segment) -> Result | None:
    """The OBX as a result; None if it is none, with an issue that says why."""
    f, row = obx.fields, obx.row
    panel = _panel(reading, f[3], f[6], f[7], obx)
    for code, path, found in panel.issues:
        reading.issue(code, path, found)
    if panel.code is None:
        reading.issue("code-missing", row[3])
        return None
    letter = f[11]
    status = statuses.RESULT.get(letter)
    if status is None or letter in "IXDW" or reading.profile.status_codes:
        letter, status = _status(reading, letter, row[11])
    if letter in ("O", "N"):
        reading.issue("order-detail" if letter == "O" else "not-asked", row[11])
        _leave(reading, f, row)
        return None
    raw = f[5]
    read, components = _value(reading, f, row, panel)
    value = read.value
    absent: str | None = None
    notes: tuple[Val, ...] = ()
    delete = False
    if value is None and not components:
        if raw == NULL:
            reading.issue("value-deleted", row[5])
            delete, status, absent = True, "entered-in-error", "unknown"
        elif read.absent:
            absent = read.absent
        elif letter in ("I", "O", "S", ""):
            reading.issue("result-empty", row[5])
            return None
        elif letter == "X":
            absent = "not-performed"
        elif letter not in ("U", "D", "W"):
            absent = "unknown"
        if read.note:
            notes = (Val(read.note, row[5]),)
    elif letter == "X":
        absent, notes = "not-performed", (Val(reading.whole(raw), row[5]),)
        value, components = None, ()
    elif letter == "I":
        reading.issue("value-while-pending", row[5])
        reading.ignore(row[5])
        value, components = None, ()
    unit = panel.unit
    if unit is None and read.unit:
        unit = Val(read.unit, row[5])
    when = f[14]
    performer = f[23] or f[15]
    return Result(
        code=panel.code,
        path=row[0],
        status=status,
        sub_id=reading.whole(f[4]) or None if f[4] else None,
        value=value,
        unit=unit,
        absent_reason=absent,
        components=components,
        ranges=panel.ranges,
        interpretations=_flags(reading, f[8], row[8], read, row[5]),
        effective=reading.time(when, row[14]) if when else None,
        analysed=reading.time(f[19], row[19]) if f[19] else None,
        performer=_performer(reading, f, row) if performer else None,
        staff=(*staff(reading, f[16], row[16]), *staff(reading, f[25], row[25]))
        if f[16] or f[25]
        else (),
        method=coded(reading, f[17], row[17]) if f[17] else None,
        device=_device(reading, f[18], row[18]) if f[18] else None,
        category=(reading.component(f[29], 1) or None) if f[29] else None,
        notes=notes,
        identifier=_first(reading, f[21], row[21]) if f[21] else None,
        status_code=Val(letter, row[11]) if letter else None,
        wrong_patient=letter == "W",
        delete=delete or letter == "D",
    )


def _panel(reading: Reading, code: str, unit: str, printed: str, obx: Segment) -> Panel:
    """The unchanging part of an OBX, kept for the next message of the same panel."""
    row = obx.row
    key = (row[0], code, unit, printed, reading.delimiters) if reading.is_standard else None
    if key is not None and (panel := _panels.get(key)) is not None:
        return panel
    issues: list[tuple[str, str, str]] = []
    named = coded(reading, code, row[3]) if code else None
    measured = _unit(reading, unit, row[6], issues) if unit else None
    ranges: tuple[ReferenceRange, ...] = ()
    if printed:
        text = reading.whole(printed)
        if text:
            ranges, fault = read_ranges(text, row[7], measured.text if measured else "")
            if fault:
                issues.append((fault, row[7], text))
    panel = Panel(named, measured, ranges, tuple(issues))
    if key is not None and len(code) + len(unit) + len(printed) < _LONGEST_PANEL:
        if len(_panels) >= _MOST_PANELS:
            _panels.clear()
        _panels[key] = panel
    return panel


def _unit(reading: Reading, raw: str, path: str, issues: list[tuple[str, str, str]]) -> Val | None:
    """OBX-6: the text that was meant as the unit.

    `^10\\S\\9/L` has it in the second component; `10^9/L` was not escaped; a local number before
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
    where = Where(row[5], panel.unit.text if panel.unit else "", is_number(reading, panel.code))
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


_simple_flags: Final = {
    code: words.FLAGS[code.casefold()] for code in ("H", "L", "N", "A", "HH", "LL", "↑", "↓")
}


def _flags(
    reading: Reading, raw: str, path: str, read: Read, value_path: str
) -> tuple[Interpretation, ...]:
    """Flags of OBX-8, then what stood in the value itself. Never computed from an interval."""
    inside = (Interpretation(read.flag, read.flag_text, value_path),) if read.flag else ()
    if not raw or raw == NULL:
        return inside
    own = reading.profile.flags
    if not own and (code := _simple_flags.get(raw)):
        return (Interpretation(code, raw, path), *inside)
    found = []
    for number, one in enumerate(reading.repeats(raw), start=1):
        parts = [p for p in reading.parts(one) if p] or [reading.text(one)]
        if not parts[0]:
            continue
        code = next((c for p in parts if (c := own.get(p) or words.FLAGS.get(words.key(p)))), None)
        where = path if number == 1 else f"{path}[{number}]"
        if code is None:
            reading.issue("flag-unknown", where, parts[0])
        found.append(Interpretation(code, parts[0], where))
    return (*found, *(i for i in inside if i.code not in {x.code for x in found}))


def _performer(reading: Reading, f: list[str], row: list[str]) -> Any:
    index = 23 if f[23] else 15
    found = institution(reading, f[index], row[index])
    if index == 23 and f[15]:
        if found is None or found.code is None:
            other = institution(reading, f[15], row[15])
            found = other if other and (found is None or other.code) else found
        else:
            reading.ignore(row[15])
    if found is not None and found.code is None:
        reading.once("institution-unmapped", found.path, found.name)
    return found


def _device(reading: Reading, raw: str, path: str) -> Val | None:
    """OBX-18 (EI): the whole identifier of the instrument, parts joined by blanks."""
    text = " ".join(p for p in reading.parts(reading.repeats(raw)[0]) if p)
    return Val(text, path) if text else None


def _first(reading: Reading, raw: str, path: str) -> Val | None:
    text = reading.component(raw, 1)
    return Val(text, path) if text else None


def _leave(reading: Reading, f: list[str], row: list[str]) -> None:
    """A skipped OBX: its filled fields are left aside by rule."""
    for index in range(2, len(row)):
        if f[index] and index != 11:
            reading.ignore(row[index])
