"""What an analyser says again with every patient: code, unit, interval, method, instrument.

Read once for each line of a report and remembered for the next message: a laboratory sends the
same thirty lines all day. Nothing of a patient is kept here.
"""

from typing import Final

import msgspec

from adapters.hl7v2.coded import coded
from adapters.hl7v2.components import CODED, DEVICE, PERSON, UNIT, aside
from adapters.hl7v2.parties import institution, staff
from adapters.hl7v2.ranges import read_ranges
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading
from hie.charset import mojibake
from hie.records import Coded, Institution, Interpretation, ReferenceRange, Staff, Val

_LONGEST_PANEL = 400
_LONGEST_REPORT = 256


class Tail(msgspec.Struct, frozen=True, gc=False):
    """What a status and a flag say of a number, at one line of a report."""

    is_settled: bool  # nothing else needs to be looked at
    status: str | None
    code: Val | None
    flags: tuple[Interpretation, ...]


UNSETTLED: Final = Tail(False, None, None, ())


class Panel(msgspec.Struct, frozen=True, gc=False):
    """What an analyser sends again with every patient: code, unit and interval of one line.

    `tails` remembers the few statuses and flags that come with it.
    """

    code: Coded | None
    unit: Val | None
    ranges: tuple[ReferenceRange, ...]
    is_number: bool
    issues: tuple[tuple[str, str, str], ...]
    aside: tuple[tuple[str, bool], ...]  # components that are not read
    is_odd: bool  # something of it is to be told
    tails: dict[tuple[str, str], Tail]


def tell(reading: Reading, panel: Panel) -> None:
    """What is odd about a line, told again for each message that has it."""
    for code, path, found in panel.issues:
        reading.issue(code, path, found)
    for path, is_known in panel.aside:
        reading.tally.component(path, is_known=is_known)


class Bench(msgspec.Struct, frozen=True, gc=False):
    """Who and what made the result: the same with every message of one bench."""

    performer: Institution | None = None
    staff: tuple[Staff, ...] = ()
    method: Coded | None = None
    device: Val | None = None
    category: str | None = None
    aside: tuple[tuple[str, bool], ...] = ()
    is_odd: bool = False


def tell_bench(reading: Reading, bench: Bench) -> None:
    """What is odd about a bench, told again for each message that has it."""
    performer = bench.performer
    if performer is not None and performer.code is None:
        reading.once("institution-unmapped", performer.path, performer.name)
    for path, is_known in bench.aside:
        reading.tally.component(path, is_known=is_known)


NO_BENCH: Final = Bench()


def read_bench(reading: Reading, makers: tuple[str, ...], obx: Segment) -> Bench:
    """OBX-15 to 18, 23, 25 and 29, remembered for the next message."""
    row = obx.row
    key = (row[0], makers)
    producer, observer, method, device, organisation, director, category = makers
    performer = _performer(reading, organisation, row[23], producer, row[15])
    left = (
        *aside(reading, observer, row[16], PERSON),
        *aside(reading, method, row[17], CODED),
        *aside(reading, device, row[18], DEVICE),
        *aside(reading, director, row[25], PERSON),
    )
    bench = Bench(
        performer,
        (
            *_observers(reading, observer, row[16], producer, row[15]),
            *staff(reading, director, row[25]),
        ),
        coded(reading, method, row[17]) if method else None,
        _device(reading, device, row[18]) if device else None,
        reading.component(category, 1) or None,
        left,
        bool(left) or (performer is not None and performer.code is None),
    )
    if _is_kept(reading, obx, sum(map(len, makers))):
        reading.keep(key, bench)
    return bench


def _is_kept(reading: Reading, obx: Segment, length: int) -> bool:
    """Whether this OBX is one that comes again: read where HL7 says, short, among the first."""
    return reading.is_standard and length < _LONGEST_PANEL and obx.number <= _LONGEST_REPORT


def read_panel(reading: Reading, code: str, unit: str, printed: str, obx: Segment) -> Panel:
    """The unchanging part of an OBX, kept for the next message of the same panel."""
    row = obx.row
    key = (row[0], code, unit, printed)
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
    left = (*aside(reading, code, row[3], CODED), *aside(reading, unit, row[6], UNIT))
    is_odd = bool(issues or left)
    panel = Panel(
        named, measured, ranges, _is_number(reading, named), tuple(issues), left, is_odd, {}
    )
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


def _is_number(reading: Reading, code: Coded | None) -> bool:
    """Whether the profile says that texts of this code are numbers."""
    scale = reading.profile.scale
    if not scale or code is None:
        return False
    return (scale.get(code.code or "") or scale.get(code.display or "") or scale.get("*")) == "Qn"


def _performer(
    reading: Reading, raw: str, path: str, producer: str, producer_path: str
) -> Institution | None:
    """OBX-23, else OBX-15: the first that leads to a credit code, else the first that is filled."""
    named = institution(reading, raw, path)
    if named is not None and named.code is not None:
        return named
    other = institution(reading, producer, producer_path)
    return other if other is not None and (named is None or other.code) else named


def _observers(
    reading: Reading, observer: str, path: str, producer: str, producer_path: str
) -> tuple[Staff, ...]:
    """OBX-16, in the department of OBX-15 unless that names an institution."""
    found = staff(reading, observer, path)
    if not found or not producer:
        return found
    named = institution(reading, producer, producer_path)
    unit = coded(reading, producer, producer_path) if named and named.code is None else None
    if unit is None:
        return found
    unit = msgspec.structs.replace(unit, system=unit.system or "department")
    return tuple(msgspec.structs.replace(one, department=unit) for one in found)


def _device(reading: Reading, raw: str, path: str) -> Val | None:
    """OBX-18 (EI): the whole identifier of the instrument, parts joined by blanks."""
    text = " ".join(p for p in reading.parts(reading.repeats(raw)[0]) if p)
    return Val(text, path) if text else None
