"""OBR and ORC with their results: one laboratory report.

HL7 v2.5.1 chapter 4.5; where OBR and ORC name the same thing, OBR counts.
"""

from typing import Final, cast

import msgspec

from adapters.hl7v2 import statuses
from adapters.hl7v2.attachment import read_piece
from adapters.hl7v2.chronology import check_times
from adapters.hl7v2.coded import coded
from adapters.hl7v2.group import Group
from adapters.hl7v2.parties import institution, staff
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading
from adapters.hl7v2.repeats import settle_repeats
from adapters.hl7v2.specimen import specimen_of_order, with_order
from hie.records import (
    Attachment,
    Coded,
    Identifier,
    Institution,
    LabReportRecord,
    Result,
    SpecimenRecord,
    Staff,
    Text,
    Val,
)

_UNNAMED: Final = "检验报告 Laboratory report"
_OPEN: Final = frozenset({"registered", "preliminary"})


def open_order(reading: Reading, group: Group, specimens: list[SpecimenRecord]) -> None:
    """Read what the results of the group lean on: collection times and specimens."""
    f, row = group.obr.fields, group.obr.row
    own = reading.time(f[7], row[7])
    received = reading.time(f[14], row[14])
    if f[7]:
        group.key_dates[f[7]] = row[7]
    from_obr = specimen_of_order(reading, group.obr, own, received)
    if specimens:
        kind = from_obr.type if from_obr else None
        group.specimens = [with_order(s, kind, own, received) for s in specimens]
        if from_obr and all(s.type for s in specimens):
            reading.tally.ignore(row[15])
    elif from_obr:
        group.specimens = [from_obr]
    group.specimen = 0 if len(group.specimens) == 1 else None
    taken = next((s.collected for s in specimens if s.collected), None)
    group.obr_time = own
    group.collected = group.fallback = own or taken
    group.received = received or next((s.received for s in specimens if s.received), None)


def close_order(reading: Reading, group: Group) -> LabReportRecord:
    """The group as a report."""
    f, row = group.obr.fields, group.obr.row
    orc = group.orc
    placer, filler = _numbers(reading, group)
    code = reading.kept(coded, f[4], row[4]) if f[4] else None
    if code is None:
        reading.issue("report-code-missing", row[4])
        code = Coded(None, None, None, row[4], text=_UNNAMED)
    results = _with_specimens(reading, group, _complete(group))
    results = settle_repeats(reading, results)
    letter, status = _status(reading, f[25], row[25], bool(f[22]))
    if status == "final" and not _OPEN.isdisjoint([r.status for r in results]):
        status = "partial"
        reading.issue("report-partial", row[25])
    issued = reading.time(f[22], row[22])
    record = LabReportRecord(
        patient=group.patient,
        path=row[0],
        code=code,
        status=status,
        placer=placer,
        filler=filler,
        results=tuple(results),
        specimens=_noted(group),
        collected=group.collected,
        received=group.received,
        issued=issued,
        performer=reading.sender,
        reviewers=_people(reading, (f[32], row[32]), _of(orc, 11)),
        authors=_people(reading, (f[34], row[34]), (f[33], row[33])),
        requester=_requester(reading, group),
        requested_by=_institution(reading, _of(orc, 21)),
        priority=_priority(reading, group, f[5]),
        category=(reading.component(f[24], 1) or None) if f[24] else None,
        order_status=_order_status(reading, orc),
        order_control=(reading.component(orc.fields[1], 1) or None) if orc else None,
        clinical=reading.val(f[13], row[13]) if f[13] else None,
        visit=group.visit,
        notes=tuple(n.val() for n in group.notes),
        forms=(*group.forms, *_forms(reading, group)),
        extra=(*_sender(reading), *_parents(reading, f, row), *group.extra),
        status_code=Val(letter, row[25]) if letter else None,
    )
    check_times(reading, group, record)
    return record


def _complete(group: Group) -> list[Result]:
    """The results with the notes and further lines that came after them."""
    results = group.results
    for index, lines in group.joined.items():
        text = "\n".join(lines.texts).strip("\n")
        results[index] = msgspec.structs.replace(
            results[index], value=Text(text), absent_reason=None
        )
    for index, lines in group.result_notes.items():
        result = results[index]
        results[index] = msgspec.structs.replace(result, notes=(*result.notes, lines.val()))
    return results


def _with_specimens(reading: Reading, group: Group, results: list[Result]) -> list[Result]:
    """Results of a rejected specimen have no value (SPM-21); what was sent becomes a note."""
    for index, specimen in enumerate(group.specimens):
        if specimen.rejected is None:
            continue
        reading.issue("specimen-rejected", specimen.rejected.path)
        for at, result in enumerate(results):
            if result.specimen == index or (result.specimen is None and len(group.specimens) == 1):
                results[at] = _without_value(result)
    return results


def _without_value(result: Result) -> Result:
    value = result.value
    words = "" if value is None else getattr(value, "text", None) or getattr(value, "value", "")
    path = f"{result.path}-5"
    notes = (*result.notes, Val(words, path)) if words else result.notes
    return msgspec.structs.replace(
        result, value=None, components=(), absent_reason="error", notes=notes
    )


def _noted(group: Group) -> tuple[SpecimenRecord, ...]:
    for index, lines in group.specimen_notes.items():
        specimen = group.specimens[index]
        group.specimens[index] = msgspec.structs.replace(
            specimen, notes=(*specimen.notes, lines.val())
        )
    return tuple(group.specimens)


def _numbers(reading: Reading, group: Group) -> tuple[Identifier | None, Identifier | None]:
    """Placer and filler number: OBR-2 and OBR-3, else ORC-2 and ORC-3."""
    f, row, orc = group.obr.fields, group.obr.row, group.orc
    found: list[Identifier | None] = []
    for index, kind in ((2, "placer"), (3, "filler")):
        own = _entity(reading, f[index], row[index], kind)
        other = None
        if orc is not None and (own is None or orc.fields[index] != f[index]):
            other = _entity(reading, orc.fields[index], orc.row[index], kind)
        if own and other and own.value != other.value:
            reading.issue("order-number-conflict", row[index])
        found.append(own or other)
    placer, filler = found
    if filler is None and placer is None:
        reading.issue("order-number-missing", row[3], expected="OBR-3 or OBR-2")
    elif filler is None:
        reading.issue("filler-missing", row[3], expected="OBR-3 or ORC-3")
    return placer, filler


def _entity(reading: Reading, raw: str, path: str, kind: str) -> Identifier | None:
    """An entity identifier (EI): number, namespace, universal id."""
    if not raw or raw == NULL:
        return None
    parts = reading.parts(reading.repeats(raw)[0])
    value = parts[0]
    if not value:
        return None
    authority = next((p for p in reversed(parts[1:3]) if p), None)
    return Identifier(value, kind, authority, path)


def _status(reading: Reading, raw: str, path: str, is_issued: bool) -> tuple[str, str | None]:
    """The letter of table 0123 and the report's status."""
    profile = reading.profile
    letter = reading.component(raw, 1) if raw else ""
    letter = profile.report_status_codes.get(letter, letter)
    letter = letter.upper() if letter.upper() in statuses.REPORT_CODES else letter
    if letter in statuses.REPORT:
        return letter, statuses.REPORT[letter]
    if letter in ("Y", "Z"):
        reading.issue("report-status-error", path, letter)
        return letter, None
    if letter:
        reading.issue("report-status-unknown", path, letter, expected="a code of HL7 table 0123")
        return letter, None
    default = profile.default_report_status
    if default and (default != "final" or is_issued):
        reading.issue("status-defaulted", path, expected=default)
        return "", default
    reading.issue(
        "report-status-missing", path, expected="OBR-25, or default_report_status and OBR-22"
    )
    return "", None


def _people(reading: Reading, *places: tuple[str, str]) -> tuple[Staff, ...]:
    """The people of several fields, each once."""
    found: dict[tuple[str | None, str | None], Staff] = {}
    for raw, path in places:
        for person in reading.kept(staff, raw, path) if raw else ():
            found.setdefault((person.id, person.name), person)
    return tuple(found.values())


def _requester(reading: Reading, group: Group) -> Staff | None:
    """OBR-16, else ORC-12; from the department of ORC-17, else the patient's (PV1-3)."""
    obr, orc = group.obr, group.orc
    found = next(iter(_people(reading, (obr.fields[16], obr.row[16]), _of(orc, 12))), None)
    if found is None:
        return None
    raw, path = _of(orc, 17)
    unit = reading.kept(coded, raw, path) if raw and raw != NULL else None
    ward = group.visit.department if group.visit else None
    if unit is None and ward is not None:
        unit = Coded(ward.text, None, "department", ward.path)
    if unit is None:
        return found
    key = ("requester", found, unit)
    kept = reading.memo.get(key)
    if kept is None:
        kept = reading.keep(key, msgspec.structs.replace(found, department=unit))
    return cast("Staff", kept)


def _of(segment: Segment | None, index: int) -> tuple[str, str]:
    return (segment.fields[index], segment.row[index]) if segment else ("", "")


def _institution(reading: Reading, place: tuple[str, str]) -> Institution | None:
    return institution(reading, *place) if place[0] else None


def _priority(reading: Reading, group: Group, raw: str) -> str | None:
    """TQ1-9, else OBR-5 (HL7 table 0485)."""
    for text in (group.priority, raw):
        word = reading.component(text, 1).upper() if text else ""
        if word in statuses.PRIORITY:
            return statuses.PRIORITY[word]
    return None


def _order_status(reading: Reading, orc: Segment | None) -> str | None:
    if orc is None:
        return None
    status = reading.component(orc.fields[5], 1).upper()
    control = reading.component(orc.fields[1], 1).upper()
    return statuses.ORDER.get(status) or statuses.ORDER_CONTROL.get(control)


def _forms(reading: Reading, group: Group) -> list[Attachment]:
    return [form for piece in group.pieces if (form := read_piece(reading, piece)) is not None]


def _sender(reading: Reading) -> tuple[Val, ...]:
    """MSH-3, the sending application."""
    return (reading.application,) if reading.application else ()


def _parents(reading: Reading, f: list[str], row: list[str]) -> list[Val]:
    """OBR-26 and OBR-29, the parent result and order of a culture, kept as sent."""
    found = []
    for index in (26, 29):
        if f[index] and f[index] != NULL:
            found.append(Val(f[index], row[index]))
    return found
