"""The header as a door reads it, and the acknowledgement as the sender reads it.

HL7 v2.5.1 chapter 2.9 and 2.14.8 (MSA, ERR; tables 0008 and 0357). An answer is written with the
sender's delimiters and in its charset, with MSH-3/4 and 5/6 exchanged. Whatever is echoed loses
its control characters: a 0x1C in MSH-3 would end the frame in the middle of the answer.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from adapters.hl7v2.batch import NOISE
from adapters.hl7v2.decode import CONTROL, declared, is_read
from adapters.hl7v2.reader import STANDARD, Delimiters, delimiters
from hie import charset
from hie.adapter import Envelope, Issue, Refusal, Reply
from hie.errors import MalformedMessage

_HEADER_BYTES: Final = 65536
_LINE: Final = re.compile(rb"[\r\n]")
_BHS: Final = re.compile(rb"(?:\A|[\r\n])[ \t]*(BHS)")
_ECHO: Final = 256  # characters of one field that are echoed at most
_FIELDS: Final = 20  # MSH fields that are looked at
_CHINA: Final = timezone(timedelta(hours=8))
_VERSION: Final = re.compile(r"2\.([0-9])(?:\.[0-9]{1,2})?\Z")
_OLDEST, _NEWEST = 2, 9  # HL7 2.2 to 2.9 are read without a second look
_PATH: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+))?(?:\.(\d+))?")
_MOST_ERRORS = 50

# HL7 table 0357.
CONDITIONS: Final = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
_SEQUENCE: Final = frozenset(
    {"not-hl7", "no-report", "truncated", "frame-truncated", "segment-misplaced",
     "delimiters-invalid", "nothing-to-store"}
)  # fmt: skip
_TYPE: Final = frozenset(
    {"time-invalid", "time-ahead", "future-time", "number-separator", "value-not-read",
     "nm-not-numeric", "attachment-invalid", "control-character", "charset-undecodable",
     "charset-truncated"}
)  # fmt: skip
_OWN: Final = {"processing-id": "202", "version-unknown": "203", "unsupported-type": "200"}


class Header(Envelope, frozen=True):
    """An envelope with the fields themselves; `fields[10]` is MSH-10."""

    fields: tuple[str, ...] = ()
    delimiters: Delimiters = STANDARD
    charset: str = "ascii"
    segment: str = "MSH"

    def component(self, index: int) -> str:
        """The first component of a field."""
        return self.fields[index].split(self.delimiters.component, 1)[0].strip()


def read_header(content: bytes) -> Header | None:
    """The MSH (or FHS, BHS) that the bytes begin with, from the first line alone."""
    line = _LINE.split(content[:_HEADER_BYTES].lstrip(NOISE), maxsplit=1)[0]
    if b"\x00" in line[:8] or line[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None  # UTF-16: its bytes cannot travel between SB and EB
    try:
        found = charset.decode(line, declared(line))
        text = found.text.lstrip("\ufeff \t")
        chars, _ = delimiters(text)
    except (MalformedMessage, ValueError):
        return None
    segment = text[:3]
    if segment not in ("MSH", "FHS", "BHS"):
        return None
    sent = text.split(chars.field, _FIELDS)[:_FIELDS]
    fields = (
        "",
        chars.field,
        *(_bare(field) for field in sent[1:]),
        *[""] * (_FIELDS - len(sent)),
    )
    first = fields[3].split(chars.component, 1)[0].strip()
    second = fields[4].split(chars.component, 1)[0].strip()
    if segment != "MSH":  # a batch header has its number in field 11, and no type
        own = {11: fields[11], 3: fields[3], 4: fields[4], 5: fields[5], 6: fields[6]}
        named = tuple(own.get(place, "") for place in range(_FIELDS + 1))
        return Header(
            fields[11] or None, (first, second), "", "", "", named, chars, found.charset, segment
        )
    number = fields[10].strip()
    return Header(
        native_id=number if number and number != '""' else None,
        sender=(first, second),
        kind=_kind(fields[9], chars),
        accept=fields[15].strip().upper(),
        application=fields[16].strip().upper(),
        fields=fields,
        delimiters=chars,
        charset=found.charset,
    )


def objection(
    header: Header, processing_ids: Sequence[str], *, refuses: bool, visits: bool = False
) -> Refusal | None:
    """What MSH alone forbids: a processing id (MSH-11), with `refuses` a type that is not read."""
    if header.segment != "MSH":
        return None
    processing = header.component(11)
    if processing and processing not in processing_ids:
        return Refusal("202", "MSH-11", "processing id not taken here", "processing-id")
    if refuses and not is_read(header.kind, visits=visits):
        message = header.kind.partition("^")[0]
        known = is_read(message, visits=visits)
        condition = "201" if known else "200"
        return Refusal(condition, "MSH-9", CONDITIONS[condition], "unsupported-type")
    return None


def is_strange_version(header: Header) -> bool:
    """Whether MSH-12 names a version that may turn out to be unreadable."""
    version = header.component(12)
    found = _VERSION.match(version)
    return bool(version) and (found is None or not _OLDEST <= int(found[1]) <= _NEWEST)


VERSION_REFUSED: Final = Refusal("203", "MSH-12", CONDITIONS["203"], "version")


def write(header: Header | None, reply: Reply) -> bytes:
    """MSH, MSA and an ERR for each thing wrong."""
    known = header or Header(None, ("", ""), "", fields=("",) * (_FIELDS + 1))
    chars, f = known.delimiters, known.fields
    version = f[12] or "2.5"
    event = known.kind.partition("^")[2]
    kind = chars.component.join(["ACK", event, "ACK"] if event else ["ACK"])
    coding = chars.component + chars.repetition + chars.escape + chars.subcomponent
    msh = ["MSH", coding, f[5], f[6], f[3], f[4], _time(reply.at_us), "", kind, reply.control]
    msh += ["P" if known.segment != "MSH" or not f[11] else f[11], version]
    if f[18]:
        msh += ["", "", "", "", "", f[18]]
    msa = ["MSA", reply.code, known.native_id or reply.number]
    segments = [msh, msa]
    is_old = _is_before_25(version)
    if reply.refusal is not None:
        refusal = reply.refusal
        msa.append(refusal.text)
        segments.append(_error(chars, is_old, refusal.condition, refusal.path, "E", refusal.text))
    for issue in reply.issues[:_MOST_ERRORS]:
        severity = "W" if reply.code in ("AA", "CA") else "E"
        text = f"{issue.code}: {issue.expected}" if issue.expected else issue.code
        segments.append(_error(chars, is_old, condition(issue), issue.path, severity, text))
    text = "".join(chars.field.join(segment) + "\r" for segment in segments)
    return _encoded(text, known.charset)


def gather(content: bytes, answers: Sequence[bytes], control: str, at_us: int) -> bytes:
    """Answers to several messages: in a batch envelope if they came in one (2.10.3)."""
    whole = b"".join(answers)
    begun = _BHS.search(content, 0, _HEADER_BYTES)
    header = read_header(content[begun.start(1) :] if begun else content)
    if header is None or header.segment == "MSH":
        return whole
    chars, f = header.delimiters, header.fields
    coding = chars.component + chars.repetition + chars.escape + chars.subcomponent
    bhs = ["BHS", coding, f[5], f[6], f[3], f[4], _time(at_us), "", "", "", control, f[11]]
    begin, end = chars.field.join(bhs) + "\r", f"BTS{chars.field}{len(answers)}\r"
    return _encoded(begin, header.charset) + whole + _encoded(end, header.charset)


def condition(issue: Issue) -> str:
    """HL7 table 0357 for an issue of the hub."""
    code = issue.code
    if code in _OWN:
        return _OWN[code]
    if code in _SEQUENCE:
        return "100"
    if code in _TYPE:
        return "102"
    if code.endswith("-missing"):
        return "101"
    if code.endswith("-unknown") or code == "unmapped-code":
        return "103"
    return "207"


def _error(
    chars: Delimiters, is_old: bool, number: str, path: str, severity: str, text: str
) -> list[str]:
    """ERR: up to 2.4 one field (ELD), from 2.5 on location, code, severity and words."""
    found = _PATH.match(path)
    place = [found[1], found[2] or "1", found[3] or ""] if found else ["", "", ""]
    if is_old:
        code = chars.subcomponent.join([number, CONDITIONS[number], "HL70357"])
        return ["ERR", chars.component.join([*place, code])]
    if found and found[4]:
        place += ["1", found[4]]
    where = chars.component.join(place).rstrip(chars.component)
    code = chars.component.join([number, CONDITIONS[number], "HL70357"])
    return ["ERR", "", where, code, severity, "", "", "", _escaped(text, chars)]


def _escaped(text: str, chars: Delimiters) -> str:
    """The hub's own words, so that none of their characters separates anything."""
    names = zip(
        (chars.escape, chars.field, chars.component, chars.repetition, chars.subcomponent),
        "EFSRT",
        strict=True,
    )
    table = {ord(char): f"{chars.escape}{name}{chars.escape}" for char, name in names}
    return CONTROL.sub("", text).replace("\r", " ").replace("\n", " ").translate(table)[:_ECHO]


def _bare(field: str) -> str:
    """A field that may be echoed: no control character, no more than anybody needs."""
    if field.isprintable() and len(field) <= _ECHO:
        return field
    return "".join(char for char in field if char >= " " and not "\x7f" <= char <= "\x9f")[:_ECHO]


def _kind(field: str, chars: Delimiters) -> str:
    parts = field.split(chars.repetition, 1)[0].split(chars.component)
    if len(parts) == 1:
        parts = parts[0].split("_")
    return "^".join(part.strip().upper() for part in parts[:2] if part.strip())


def _is_before_25(version: str) -> bool:
    found = re.match(r"2\.([0-9])", version)
    return found is not None and int(found[1]) < 5


def _time(at_us: int) -> str:
    moment = datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(_CHINA)
    return moment.strftime("%Y%m%d%H%M%S%z")


def _encoded(text: str, name: str) -> bytes:
    try:
        return text.encode(name)
    except (UnicodeEncodeError, LookupError):
        return text.encode("utf-8")
