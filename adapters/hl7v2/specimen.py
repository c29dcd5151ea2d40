"""SPM, and OBR-15 of older messages: what was taken, when, and in which state."""

from adapters.hl7v2.coded import coded, source_text
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading
from hie.records import Coded, Identifier, SpecimenRecord, Time


def read_specimen(reading: Reading, spm: Segment) -> SpecimenRecord:
    """An SPM. SPM-17 is a range whose start counts; SPM-14 is a note."""
    f, row = spm.fields, spm.row
    conditions = []
    if f[24] and f[24] != NULL:
        for number, one in enumerate(reading.repeats(f[24]), start=1):
            where = row[24] if number == 1 else f"{row[24]}[{number}]"
            condition = coded(reading, one, where)
            if condition is not None:
                conditions.append(condition)
    note = reading.val(f[14], row[14]) if f[14] else None
    return SpecimenRecord(
        path=row[0],
        ids=_ids(reading, f[2], row[2]),
        type=coded(reading, f[4], row[4]) if f[4] else None,
        collected=reading.time(_start(reading, f[17]), row[17]),
        received=reading.time(f[18], row[18]),
        conditions=tuple(conditions),
        rejected=coded(reading, f[21], row[21]) if f[21] and f[21] != NULL else None,
        notes=(note,) if note else (),
    )


def specimen_of_order(
    reading: Reading, obr: Segment, collected: Time | None, received: Time | None
) -> SpecimenRecord | None:
    """The specimen that OBR-15 describes, with the times of the OBR."""
    raw = obr.fields[15]
    kind = reading.kept(source_text, raw, obr.row[15]) if raw else None
    if kind is None:
        return None
    return SpecimenRecord(obr.row[15], type=kind, collected=collected, received=received)


def with_order(
    specimen: SpecimenRecord, kind: Coded | None, collected: Time | None, received: Time | None
) -> SpecimenRecord:
    """An SPM completed by its OBR: what the SPM leaves out is taken from there."""
    return SpecimenRecord(
        specimen.path,
        specimen.ids,
        specimen.type or kind,
        specimen.collected or collected,
        specimen.received or received,
        specimen.conditions,
        specimen.rejected,
        specimen.notes,
    )


def _start(reading: Reading, raw: str) -> str:
    """The start of a date range (DR)."""
    return raw.split(reading.delimiters.component, 1)[0] if raw else ""


def _ids(reading: Reading, raw: str, path: str) -> tuple[Identifier, ...]:
    """SPM-2 (EIP): placer's and filler's number of the specimen, each an EI in subcomponents."""
    found = []
    if raw and raw != NULL:
        for part, kind in zip(
            raw.split(reading.delimiters.component)[:2], ("placer", "filler"), strict=False
        ):
            pieces = [reading.whole(p) for p in part.split(reading.delimiters.subcomponent)]
            if pieces[0]:
                authority = next((p for p in reversed(pieces[1:3]) if p), None)
                found.append(Identifier(pieces[0], kind, authority, path))
    return tuple(found)
