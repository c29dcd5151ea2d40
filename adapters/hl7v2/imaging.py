"""An imaging order with its OBX: what was examined, seen and concluded.

Findings, conclusion and technique are texts in OBX whose names say so; what states none of them
becomes a note, so that nothing is lost. The images are found by StudyInstanceUID (an OBX, ZDS-1,
IPC-3), accession number (OBR-18, IPC-1, an OBX) and the order's numbers. IHE RAD TF-2, 4.2 and
4.28; HL7 v2.5.1 chapter 7.
"""

import re
from typing import Final, Literal

from adapters.hl7v2.coded import coded
from adapters.hl7v2.group import Group, Imaging, Statement
from adapters.hl7v2.imaging_order import statement_part
from adapters.hl7v2.imaging_words import Part
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading
from adapters.hl7v2.result import read_status
from hie.records import Identifier, ImagingReportRecord, LabReportRecord, Val

_UID: Final = re.compile(r"(?<![0-9.])[0-2](?:\.[0-9]+){2,}(?![0-9.])")
_LONGEST_UID = 64
_COUNT: Final = re.compile(r"([0-9]{1,6})\s*(?:幅|张|帧|images?)?", re.I)
_GONE: Final = frozenset({"D", "W", "X"})


def read_statement(reading: Reading, group: Group, obx: Segment) -> None:
    """An OBX of an imaging report; a further line of one code and sub-id joins the one before."""
    f, row = obx.fields, obx.row
    letter, status = read_status(reading, f[11], row[11])
    if letter in ("O", "N"):
        reading.issue("order-detail" if letter == "O" else "not-asked", row[11])
        reading.tally.leave(obx)
        return
    code = coded(reading, f[3], row[3]) if f[3] else None
    lines = [] if f[5] == NULL else [_text(reading, one, f[2]) for one in reading.repeats(f[5])]
    before = group.statements[-1] if group.statements else None
    sub_id = reading.whole(f[4])
    if (
        before is not None
        and f[3]
        and before.letter == letter
        and before.sub_id == sub_id
        and _same(before, code)
    ):
        before.lines += lines
        return
    if f[5] == NULL:
        letter = "D"
    unit = reading.component(f[6], 1)
    group.statements.append(Statement(row[0], code, sub_id, lines, unit, letter, status))


def as_imaging(
    reading: Reading, group: Group, imaging: Imaging, order: LabReportRecord
) -> ImagingReportRecord:
    """The order as an imaging report; `order` is what OBR and ORC say of any report."""
    standing = [s for s in group.statements if s.letter not in _GONE]
    said: dict[Part, list[Statement]] = {}
    rest: list[Statement] = []
    for statement in standing:
        part = _part(reading, statement)
        (said.setdefault(part, []) if part is not None else rest).append(statement)
    if Part.FINDINGS not in said and rest:
        said[Part.FINDINGS] = [s for s in rest if _is_prose(s)]
        rest = [s for s in rest if not _is_prose(s)]
    findings, conclusion = _joined(said, Part.FINDINGS), _joined(said, Part.CONCLUSION)
    if findings is None and conclusion is None and not order.forms and standing:
        reading.issue("imaging-without-text", order.path)
    if imaging.kind is None:
        reading.issue("imaging-class-unknown", group.obr.row[24])
    sites, side = _site_of_order(reading, group)
    letters = {s.letter for s in group.statements}
    is_wrong = "W" in letters
    return ImagingReportRecord(
        patient=order.patient,
        path=order.path,
        code=order.code,
        status=_status(order.status, letters, is_gone=bool(group.statements) and not standing),
        placer=order.placer,
        filler=order.filler,
        accession=_accession(reading, group, said),
        study_uid=_study_uid(reading, group, said),
        performed=order.collected,
        issued=order.issued,
        class_hint=imaging.kind,
        class_stated=imaging.is_stated and imaging.kind is not None,
        body_parts=(*(v for s in said.get(Part.BODY_PART, ()) for v in _vals(s)), *sites),
        laterality=_joined(said, Part.LATERALITY) or side,
        technique=_joined(said, Part.TECHNIQUE),
        tracer=_joined(said, Part.TRACER),
        stated_instances=_count(reading, said),
        findings=findings,
        conclusion=conclusion,
        performer=order.performer,
        reviewers=order.reviewers,
        authors=order.authors,
        requester=order.requester,
        requested_by=order.requested_by,
        priority=order.priority,
        category=order.category,
        order_status=order.order_status,
        clinical=order.clinical,
        visit=order.visit,
        notes=(*order.notes, *(_noted(s) for s in rest if any(s.lines))),
        forms=order.forms,
        extra=tuple(v for v in order.extra if not v.path.startswith("ZDS")),
        status_code=order.status_code,
        wrong_patient=is_wrong,
        withdrawn=_withdrawn(reading, group.statements, said),
    )


def _withdrawn(
    reading: Reading, statements: list[Statement], said: dict[Part, list[Statement]]
) -> tuple[Literal["findings", "conclusion"], ...]:
    """What was said before and is taken back now (OBX-11 D or X), without anything in its place."""
    gone = {_part(reading, s) for s in statements if s.letter in _GONE} - said.keys()
    found: list[Literal["findings", "conclusion"]] = []
    if Part.FINDINGS in gone:
        found.append("findings")
    if Part.CONCLUSION in gone:
        found.append("conclusion")
    return tuple(found)


def _status(status: str | None, letters: set[str], *, is_gone: bool) -> str | None:
    """The report's status; its OBX may correct or withdraw what OBR-25 calls final."""
    if status is None:
        return None
    if "W" in letters or (is_gone and letters <= {"D"}):
        return "entered-in-error"
    if is_gone:
        return "cancelled"
    if status == "final":
        if letters & {"P", "R", "S", "I"}:
            return "partial"
        if "C" in letters:
            return "corrected"
        if letters & {"A", "B"}:
            return "amended"
    return status


def _text(reading: Reading, raw: str, kind: str) -> str:
    """A value as text: of a coded one its name, else its code."""
    if kind in ("CE", "CWE", "CNE", "CF"):
        found = coded(reading, raw, "")
        return (found.text or found.display or found.code or "") if found else ""
    return reading.whole(raw)


def _same(before: Statement, code: object) -> bool:
    one = before.code
    return one is not None and getattr(code, "code", None) == one.code and (
        getattr(code, "display", None) == one.display
    )  # fmt: skip


def _part(reading: Reading, statement: Statement) -> Part | None:
    code = statement.code
    if code is None:
        return None
    return statement_part(reading, code.code, (code.display, code.alt_display, code.text))


def _is_prose(statement: Statement) -> bool:
    """A text rather than a measurement."""
    return not statement.unit and sum(map(len, statement.lines)) > 8


def _joined(said: dict[Part, list[Statement]], part: Part) -> Val | None:
    found = said.get(part, [])
    text = "\n".join("\n".join(s.lines) for s in found).strip("\n")
    return Val(text, found[0].path) if text.strip() else None


def _vals(statement: Statement) -> list[Val]:
    return [Val(line, statement.path) for line in statement.lines if line]


def _noted(statement: Statement) -> Val:
    """A statement that is neither findings nor conclusion, as its name and value."""
    code = statement.code
    name = (code.display or code.text or code.code) if code else None
    text = " ".join(p for p in ("\n".join(statement.lines), statement.unit) if p)
    return Val(f"{name}: {text}" if name else text, statement.path)


def _site_of_order(reading: Reading, group: Group) -> tuple[list[Val], Val | None]:
    """OBR-15.4 and .5: the body site and its side (SPS)."""
    raw, path = group.obr.fields[15], group.obr.row[15]
    parts = raw.split(reading.delimiters.component) if raw and raw != NULL else []
    chars = reading.delimiters.subcomponent
    found = []
    for index in (3, 4):
        pieces = parts[index].split(chars) if index < len(parts) else []
        text = next((t for p in pieces if (t := reading.whole(p))), "")
        reading.tally.take(f"{path}.{index + 1}")
        found.append(Val(text, f"{path}.{index + 1}") if text else None)
    return [found[0]] if found[0] else [], found[1]


def _accession(
    reading: Reading, group: Group, said: dict[Part, list[Statement]]
) -> Identifier | None:
    """OBR-18 (or where the profile says), IPC-1, an OBX that names it."""
    obr = group.obr
    places = [(obr.fields[18], obr.row[18])]
    places += [(s.fields[1], s.path(1)) for s in group.studies if s.name == "IPC"]
    for raw, path in places:
        number = reading.component(raw, 1)
        if number:
            reading.tally.take(path)
            return Identifier(number, "accession", None, path)
    stated = _joined(said, Part.ACCESSION)
    return Identifier(stated.text, "accession", None, stated.path) if stated else None


def _study_uid(reading: Reading, group: Group, said: dict[Part, list[Statement]]) -> Val | None:
    """ZDS-1, IPC-3, an OBX that names it: the first that is a UID."""
    places = []
    for segment in group.studies:
        index = 1 if segment.name == "ZDS" else 3
        if segment.fields[index]:
            places.append(Val(segment.fields[index], segment.path(index)))
    for place in places:
        reading.tally.take(place.path)
    stated = [v for s in said.get(Part.STUDY_UID, ()) for v in _vals(s)]
    for place in (*places, *stated):
        found = _UID.search(place.text)
        if found is not None and len(found[0]) <= _LONGEST_UID:
            return Val(found[0], place.path)
        reading.issue("study-uid-invalid", place.path, place.text)
    return None


def _count(reading: Reading, said: dict[Part, list[Statement]]) -> int | None:
    stated = _joined(said, Part.IMAGES)
    if stated is None:
        return None
    found = _COUNT.fullmatch(stated.text.strip())
    if found is None:
        reading.issue("image-count-invalid", stated.path, stated.text)
        return None
    return int(found[1])
