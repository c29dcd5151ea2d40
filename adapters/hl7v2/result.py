"""OBX: one result. The hot path: a plain numeric OBX takes the first branch everywhere.

Attachments (ED, RP) are no results; `report.py` sends them to `attachment.py`.
"""

from operator import itemgetter
from typing import Final

import msgspec

from adapters.hl7v2 import statuses, words
from adapters.hl7v2.loose import Read, Where
from adapters.hl7v2.numbers import PLAIN
from adapters.hl7v2.panel import (
    NO_BENCH,
    UNSETTLED,
    Bench,
    Panel,
    Tail,
    read_bench,
    read_panel,
    tell,
    tell_bench,
)
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading
from adapters.hl7v2.values import READERS, UNSPLIT, read_unknown
from hie.charset import mojibake
from hie.records import (
    Coded,
    Interpretation,
    Quantity,
    Result,
    ResultValue,
    Text,
    Time,
    Val,
)


def read_result(
    reading: Reading, obx: Segment, collected: Time | None, specimen: int | None
) -> Result | None:
    """The OBX as a result; None if it is none, with an issue that says why.

    `collected` and `specimen` are those of the order, for what the OBX does not say itself.
    """
    f, row = obx.fields, obx.row
    found = reading.memo.get((row[0], f[3], f[6], f[7]))
    panel = found if type(found) is Panel else read_panel(reading, f[3], f[6], f[7], obx)
    if panel.is_odd:
        tell(reading, panel)
    code, raw, when = panel.code, f[5], f[14]
    if code is None:
        reading.issue("code-missing", row[3])
        return None
    if when:
        at = reading.times.get(when)
        if at is not None:
            collected = Time(at.text, at.precision, row[14], at.zone_assumed)
        else:
            collected = reading.time(when, row[14]) or collected
    sub_id = (reading.whole(f[4]) or None) if f[4] else None
    if f[2] == "NM" and PLAIN.fullmatch(raw):
        tail = panel.tails.get((f[11], f[8])) or _tail(reading, panel, f, row)
        if tail.is_settled:
            value = Quantity(raw)
            if obx.size <= _FIRST_MAKER:
                return Result(
                    code, row[0], tail.status, sub_id, value, panel.unit, None, (),
                    panel.ranges, tail.flags, collected, tail.code, specimen,
                )  # fmt: skip
            bench = NO_BENCH
            if (makers := _MAKERS(f)) != _NO_MAKERS:
                met = reading.memo.get((row[0], makers))
                bench = met if type(met) is Bench else read_bench(reading, makers, obx)
                if bench.is_odd:
                    tell_bench(reading, bench)
            return Result(
                code, row[0], tail.status, sub_id, value, panel.unit, None, (),
                panel.ranges, tail.flags, collected, tail.code, specimen,
                reading.time(f[19], row[19]) if f[19] else None,
                bench.performer, bench.staff, bench.method, bench.device, None, bench.category,
                (), _first(reading, f[21], row[21]) if f[21] else None,
            )  # fmt: skip
    return _any_result(reading, obx, panel, code, sub_id, collected, specimen)


def _tail(reading: Reading, panel: Panel, f: list[str], row: list[str]) -> Tail:
    """OBX-8 and OBX-11 of a number, where they say no more than a letter and a flag; remembered."""
    letter, sent = f[11], f[8]
    status, flag = _SETTLED.get(letter), _SIMPLE_FLAGS.get(sent)
    if status is None or not reading.is_plain or (sent and flag is None):
        return UNSETTLED
    flags = (Interpretation(flag, sent, row[8]),) if flag else ()
    tail = Tail(True, status, Val(letter, row[11]), flags)
    panel.tails[letter, sent] = tail
    return tail


def _any_result(
    reading: Reading,
    obx: Segment,
    panel: Panel,
    code: Coded,
    sub_id: str | None,
    collected: Time | None,
    specimen: int | None,
) -> Result | None:
    """A result of any kind of value, status and flag."""
    f, row = obx.fields, obx.row
    letter, status = read_status(reading, f[11], row[11])
    if letter in ("O", "N"):
        reading.issue("order-detail" if letter == "O" else "not-asked", row[11])
        return None
    outcome = _outcome(reading, f, row, panel, letter, status)
    if outcome is None:
        return None
    unit = panel.unit
    if unit is None and outcome.unit:
        unit = Val(outcome.unit, row[5])
    flags = _flags(reading, f[8], row[8], outcome.inside)
    bench = NO_BENCH
    if (makers := _MAKERS(f)) != _NO_MAKERS:
        bench = read_bench(reading, makers, obx)
        if bench.is_odd:
            tell_bench(reading, bench)
    return Result(
        code=code,
        path=row[0],
        status=outcome.status or status,
        sub_id=sub_id,
        value=outcome.value,
        unit=unit,
        absent_reason=outcome.absent,
        components=outcome.components,
        ranges=panel.ranges,
        interpretations=flags,
        effective=collected,
        status_code=Val(letter, row[11]) if letter else None,
        specimen=specimen,
        analysed=reading.time(f[19], row[19]) if f[19] else None,
        performer=bench.performer,
        staff=bench.staff,
        method=bench.method,
        device=bench.device,
        category=bench.category,
        notes=outcome.notes,
        identifier=_first(reading, f[21], row[21]) if f[21] else None,
        wrong_patient=letter == "W",
        delete=outcome.delete or letter == "D",
    )


# Letters whose result is simply what the OBX says.
_SETTLED: Final = {k: v for k, v in statuses.RESULT.items() if k in "FPCABRV"}
_FIRST_MAKER = 15
_MAKERS: Final = itemgetter(_FIRST_MAKER, 16, 17, 18, 23, 25, 29)
_NO_MAKERS: Final = ("",) * 7


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


def read_status(reading: Reading, raw: str, path: str) -> tuple[str, str | None]:
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
    code = (panel.code.code or "") if panel.code else ""
    where = Where(row[5], panel.unit.text if panel.unit else "", panel.is_number, code, kind)
    if reading.delimiters.repetition not in raw or kind in UNSPLIT or reader is read_unknown:
        return reader(reading, raw, where), ()
    reads = [reader(reading, one, where) for one in reading.repeats(raw) if one]
    values = tuple(r.value for r in reads if r.value is not None)
    if len(values) == 1 and len(reads) == 1:
        return reads[0], ()
    notes = "\n".join(r.note for r in reads if r.note)
    absent = reads[0].absent if reads and not values else None
    return Read(absent=absent, note=notes or None), values


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


def _first(reading: Reading, raw: str, path: str) -> Val | None:
    text = reading.component(raw, 1)
    return Val(text, path) if text else None
