"""DICOM bytes for the adapter's tests, written by hand so that they may also be wrong.

All people are invented.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Any

from adapters.dicom import adapter
from adapters.dicom.reader import LONG
from hie.adapter import Decoded, Severity, Site
from hie.records import InstanceRecord

CT, CR, KO = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.88.59",
)
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
UNDEFINED = 0xFFFFFFFF
PIXELS = 0x7FE00010

Value = tuple[str, Any]
GOOD: dict[int, Value] = {
    0x00080005: ("CS", "ISO_IR 192"),
    0x00080008: ("CS", "ORIGINAL\\PRIMARY\\AXIAL"),
    0x00080016: ("UI", CT),
    0x00080018: ("UI", "1.2.3.4.5"),
    0x00080020: ("DA", "20260612"),
    0x00080030: ("TM", "080000"),
    0x00080050: ("SH", "A1"),
    0x00080060: ("CS", "CT"),
    0x00080201: ("SH", "+0800"),
    0x00100010: ("PN", "Zhang^San"),
    0x00100020: ("LO", "P1"),
    0x00100030: ("DA", "19800101"),
    0x00100040: ("CS", "M"),
    0x0020000D: ("UI", "1.2.3.4"),
    0x0020000E: ("UI", "1.2.3.4.1"),
    0x00200013: ("IS", "1"),
    0x00280010: ("US", struct.pack("<H", 2)),
    0x00280011: ("US", struct.pack("<H", 2)),
    PIXELS: ("OW", b"\0" * 8),
}


def element(tag: int, vr: str, value: bytes, *, syntax: str = EXPLICIT, length: int = -1) -> bytes:
    """One data element; `length` may lie."""
    end = ">" if syntax == BIG else "<"
    head = struct.pack(f"{end}HH", tag >> 16, tag & 0xFFFF)
    size = len(value) if length < 0 else length
    if syntax == IMPLICIT:
        return head + struct.pack("<L", size) + value
    if vr.encode() in LONG:
        return head + vr.encode() + b"\0\0" + struct.pack(f"{end}L", size) + value
    return head + vr.encode() + struct.pack(f"{end}H", size) + value


def raw(value: Any, encoding: str = "utf-8") -> bytes:
    """A value as bytes of even length; bytes are taken as they are."""
    data = value if isinstance(value, bytes) else str(value).encode(encoding)
    return data + (b" " if len(data) % 2 else b"")


def items(*contents: Mapping[int, Value], syntax: str = EXPLICIT, undefined: bool = False) -> bytes:
    """The value of a sequence."""
    out: list[bytes] = []
    order = ">" if syntax == BIG else "<"
    for content in contents:
        body = elements(content, syntax)
        size = UNDEFINED if undefined else len(body)
        out += struct.pack(f"{order}HHL", 0xFFFE, 0xE000, size), body
        if undefined:
            out.append(struct.pack(f"{order}HHL", 0xFFFE, 0xE00D, 0))
    return b"".join(out)


def elements(content: Mapping[int, Value], syntax: str = EXPLICIT) -> bytes:
    """Data elements in order of their tags; a value that is a list is a sequence's items."""
    out = b""
    for tag, (vr, value) in sorted(content.items()):
        data = items(*value, syntax=syntax) if isinstance(value, list) else raw(value)
        out += element(tag, vr, data, syntax=syntax)
    return out


def file(dataset: bytes, syntax: str = EXPLICIT, sop_class: str = CT) -> bytes:
    """A Part 10 file around a data set."""
    meta = elements(
        {
            0x00020002: ("UI", sop_class.encode() + b"\0" * (len(sop_class) % 2)),
            0x00020003: ("UI", "1.2.3.4.5\0"),
            0x00020010: ("UI", syntax.encode() + b"\0" * (len(syntax) % 2)),
        }
    )
    length = element(0x00020000, "UL", struct.pack("<L", len(meta)))
    if syntax == DEFLATED:
        deflater = zlib.compressobj(wbits=-15)
        dataset = deflater.compress(dataset) + deflater.flush()
    return b"\0" * 128 + b"DICM" + length + meta + dataset


def instance(changes: Mapping[int, Value | None] | None = None, syntax: str = EXPLICIT) -> bytes:
    """A good instance with these elements changed, or left out (None)."""
    whole = {**GOOD, **(changes or {})}
    kept = {tag: value for tag, value in whole.items() if value is not None}
    written = EXPLICIT if syntax == DEFLATED or syntax not in (IMPLICIT, BIG) else syntax
    sop_class = kept.get(0x00080016, ("UI", ""))[1]
    if written == BIG:
        kept = {t: (v, d[::-1] if v == "US" else d) for t, (v, d) in kept.items()}
    return file(elements(kept, written), syntax, str(sop_class))


def site(**profile: Any) -> Site:
    """A site whose profile is the keywords."""
    return Site("pacs", "91110000000000000A", "dicom", profile)


def read(content: bytes, **profile: Any) -> Decoded:
    """Decode, with the keywords as profile."""
    return adapter.decode(content, site(**profile))


def record(content: bytes, **profile: Any) -> InstanceRecord:
    """The one record of content that is read."""
    (found,) = read(content, **profile).records
    assert isinstance(found, InstanceRecord)
    return found


def codes(decoded: Decoded) -> set[str]:
    """The issue codes."""
    return {issue.code for issue in decoded.issues}


def is_held(decoded: Decoded) -> bool:
    """Whether the hub would hold the message."""
    severities = {issue.severity for issue in decoded.issues}
    return Severity.HOLD in severities or (Severity.ERROR in severities and not decoded.records)
