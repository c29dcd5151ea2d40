"""One message: bytes to records, issues and coverage.

Order of work: charset, lines, MSH, walk, coverage. What stops early still gives an issue that
says where and why; nothing here raises for any bytes.
"""

import re
from typing import Final

from adapters.hl7v2 import components
from adapters.hl7v2.batch import NOISE, read_batch
from adapters.hl7v2.compiled import Compiled, compile_profile
from adapters.hl7v2.escapes import unescape
from adapters.hl7v2.parties import institution
from adapters.hl7v2.reader import Delimiters, Segment, cut, delimiters
from adapters.hl7v2.reading import BLANKS, NULL, Reading
from adapters.hl7v2.visits import EVENTS, read_visits
from adapters.hl7v2.walk import Walk
from hie import charset
from hie.adapter import Coverage, Decoded, Issue, Severity
from hie.errors import MalformedMessage
from hie.records import Record

# Every byte to whether it is a control character: a look at the whole message in one pass.
_CONTROLS: Final = bytes(c == 0x7F or (c < 32 and c not in b"\t\n\r") for c in range(256))
_LINE: Final = re.compile(r"[\r\n]")
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IDENTIFYING: Final = {
    "PID": frozenset({2, 3, 4, 18, 19}),
    "OBR": frozenset({2, 3}),
    "ORC": frozenset({2, 3}),
    "MSH": frozenset({10}),
    "SPM": frozenset({2}),
}
_READ: Final = {"ORU": {"R01", ""}, "OUL": {"R21", "R22", "R23", "R24", ""}}
_VISITS: Final = "ADT"  # read where the profile says so
_FINDINGS: Final = {"replacement": "characters-lost"}


def decode_all(content: bytes, compiled: Compiled) -> Decoded:
    """Every message of the content; a door that splits batches first passes one."""
    batch = read_batch(content)
    counts: dict[str, int] = {}
    if len(batch.messages) == 1 and not batch.findings:
        return decode_one(batch.messages[0], compiled, counts)
    decoded = [decode_one(message, compiled, counts) for message in batch.messages]
    return _joined(decoded, batch.findings)


def decode_one(content: bytes, compiled: Compiled, counts: dict[str, int]) -> Decoded:
    """One message; `counts` numbers the segments, on through the messages of a batch."""
    reading = Reading(compiled)
    is_wide = b"\x00" in content[1:5] or content[:2] in (b"\xff\xfe", b"\xfe\xff")
    bare = content if is_wide else content.strip(NOISE)
    if not bare:
        reading.issue("not-hl7", "MSH", expected="MSH")
        return _empty(reading)
    own = compiled.profile.charset
    try:
        found = charset.decode(bare, declared(bare), force=own.force, fallback=own.fallback)
    except MalformedMessage as refusal:
        fault = refusal.faults[0]
        reading.issue(fault.code, "MSH-18", expected=fault.expected)
        return _empty(reading, native_id=native_id(bare))
    text = _put_right(reading, found)
    header = text.lstrip("\ufeff \t\v\x1c\x00")
    if not header.startswith("MSH"):
        reading.issue("not-hl7", "MSH", header[:3], expected="MSH")
        return _empty(reading)
    try:
        chars, is_full = delimiters(_LINE.split(header[:256], maxsplit=1)[0])
    except ValueError as fault_:
        reading.issue("delimiters-invalid", str(fault_), expected="five different delimiters")
        return _empty(reading)
    return _message(reading, content, header, chars, is_full, counts)


def _message(
    reading: Reading,
    content: bytes,
    text: str,
    chars: Delimiters,
    is_full: bool,
    counts: dict[str, int],
) -> Decoded:
    """A message whose delimiters are known."""
    reading.speak(chars)
    reading.has_escapes = text.find(chars.escape, text.find(chars.field, 4)) >= 0
    found, lines = cut(text, chars.field, counts)
    msh = found[0]
    if not is_full:
        reading.issue("delimiters-short", msh.row[2], msh.fields[2])
    if lines.indented:
        reading.issue("indented", msh.row[0])
    for index in sorted(lines.wrapped):
        if index < len(found):
            reading.issue("continuation-line", found[index].row[0])
    if 1 in content.translate(_CONTROLS):
        _remove_controls(reading, found)
    _check_end(reading, content, found, is_wrapped=len(found) - 1 in lines.wrapped)
    kind = _header(reading, msh)
    records: tuple[Record, ...] = ()
    if kind is not None and kind.startswith(_VISITS):
        records = read_visits(reading, found[1:], kind.partition("^")[2])
    elif kind is not None:
        records = Walk(reading, found[1:], has_specimens="SPM" in counts).run()
        if not records:
            reading.issue("no-report", "OBR", expected="an OBR with its results")
    native = reading.whole(msh.fields[10]) or None
    if kind is None:
        kind = _kind(reading, msh)
        for segment in found[1:]:
            reading.tally.leave(segment)
    components.cover(reading, found)
    reading.tally.cover(found)
    sent = reading.sent.text if reading.sent and "T" in reading.sent.text else None
    return Decoded(native, kind, sent, records, tuple(reading.issues), reading.tally.coverage())


def _header(reading: Reading, msh: Segment) -> str | None:
    """What MSH says; None if the message is of a kind that is not read."""
    f, row, profile = msh.fields, msh.row, reading.profile
    reading.sent = reading.moment(f[7], row[7]) if f[7] else None
    if not reading.whole(f[10]):
        reading.issue("message-id-missing", row[10])
    version = reading.component(f[12], 1)
    if version and not version.startswith("2."):
        reading.issue("version-unknown", row[12], version)
    processing = reading.component(f[11], 1)
    if processing and processing not in profile.processing_ids:
        reading.issue("processing-id", row[11], processing)
    reading.application = reading.val(f[3], row[3]) if f[3] else None
    sender = reading.kept(institution, f[4], row[4]) if f[4] else None
    reading.sender = sender if sender and sender.code else None
    kind = _kind(reading, msh)
    message, _, event = kind.partition("^")
    if message == _VISITS and profile.visits and event in EVENTS:
        return kind
    if message not in _READ and message:
        severity = Severity.HOLD if profile.other_types == "hold" else None
        reading.issue("unsupported-type", row[9], kind, severity=severity)
        return None
    if not message or not event:
        reading.issue("type-missing", row[9], kind)
    elif event not in _READ[message]:
        severity = Severity.HOLD if profile.other_types == "hold" else None
        reading.issue("unsupported-type", row[9], kind, severity=severity)
        return None
    return kind


def _kind(reading: Reading, msh: Segment) -> str:
    """`ORU^R01`; also from `ORU_R01` and `ORU^R01^ORU_R01`."""
    parts = reading.parts(reading.repeats(msh.fields[9])[0])
    if len(parts) == 1:
        parts = parts[0].split("_")
    return "^".join(p.upper() for p in parts[:2] if p)


def _put_right(reading: Reading, found: charset.Decoding) -> str:
    """Charset findings as issues, and mojibake put right if the profile says so."""
    for finding in found.findings:
        reading.issue(_FINDINGS.get(finding, finding), "MSH-18", expected=found.charset)
    reading.charset = found.charset
    text = found.text
    if text.isascii():
        return text
    if reading.profile.charset.repair_mojibake:
        right = charset.repair(text)
        if right != text:
            reading.issue("mojibake-repaired", "MSH")
        return right
    return text


def _check_end(reading: Reading, content: bytes, found: list[Segment], *, is_wrapped: bool) -> None:
    """Whether the message ends where a message may end.

    A last OBX without terminator and without its status is cut: `4.` may have been `4.12`.
    """
    tail = content[len(content.rstrip(NOISE)) :]
    if b"\r" in tail or b"\n" in tail or b"\x1c" in tail:
        return
    last = found[-1]
    if is_wrapped or (last.name == "OBX" and last.size <= 11):
        reading.issue("truncated", last.row[0], expected="a whole segment and its terminator")
    else:
        reading.issue("unterminated", last.row[0])


def _remove_controls(reading: Reading, found: list[Segment]) -> None:
    """Control characters have no meaning in a field; in an identifier nobody may guess."""
    for segment in found:
        for index, text in enumerate(segment.fields):
            if CONTROL.search(text):
                segment.fields[index] = CONTROL.sub("", text)
                identifying = index in _IDENTIFYING.get(segment.name, ())
                reading.issue(
                    "control-character",
                    segment.path(index),
                    severity=Severity.HOLD if identifying else None,
                )


def declared(content: bytes) -> str | None:
    """MSH-18 of undecoded bytes, as a hint: delimiters and charset names are ASCII."""
    line = content[:4096].removeprefix(b"\xef\xbb\xbf").replace(b"\n", b"\r").split(b"\r", 1)[0]
    fields = line.split(line[3:4], 18) if len(line) > 3 else []
    if len(fields) < 18:
        return None
    name = fields[17].split(b"~", 1)[0].strip()
    return name.decode("ascii") if name and name.isascii() and len(name) < 40 else None


def is_read(kind: str, *, visits: bool = False) -> bool:
    """Whether messages of this kind ("ORU^R01", or "ORU" alone) become records.

    `visits`: whether the profile has those of visits read.
    """
    message, _, event = kind.partition("^")
    if message == _VISITS:
        return visits and (event in EVENTS or not event)
    return event in _READ.get(message, ())


def native_id(content: bytes) -> str | None:
    """MSH-10, read from the header line alone."""
    line = re.split(rb"[\r\n]", content[:65536].lstrip(NOISE), maxsplit=1)[0]
    try:
        text = charset.decode(line).text.lstrip("\ufeff \t")
    except MalformedMessage:
        return None
    try:
        chars, _ = delimiters(text)
    except ValueError:
        return None
    if not text.startswith("MSH"):
        return None
    fields = text.split(chars.field, 10)
    found = CONTROL.sub("", fields[9]) if len(fields) > 9 else ""
    return None if found == NULL else unescape(found, chars).strip(BLANKS) or None


def _empty(reading: Reading, native_id: str | None = None) -> Decoded:
    return Decoded(native_id, "", None, (), tuple(reading.issues), reading.tally.coverage())


def _joined(decoded: list[Decoded], findings: tuple[tuple[str, str, str], ...]) -> Decoded:
    """Several messages as one answer: nobody's number is everybody's."""
    reading = Reading(compile_profile({}))
    for code, path, found in findings:
        reading.issue(code, path, found or None)
    issues: list[Issue] = list(reading.issues)
    for one in decoded:
        issues += one.issues
    kinds = dict.fromkeys(one.kind for one in decoded if one.kind)
    first = decoded[0]
    return Decoded(
        first.native_id if len(decoded) == 1 else None,
        next(iter(kinds), ""),
        first.sent if len(decoded) == 1 else None,
        tuple(record for one in decoded for record in one.records),
        tuple(issues),
        Coverage(
            tuple(p for one in decoded for p in one.coverage.used),
            tuple(p for one in decoded for p in one.coverage.ignored),
            tuple(p for one in decoded for p in one.coverage.unknown),
        ),
    )
