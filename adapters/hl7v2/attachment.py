"""ED and RP: printed reports, kept beside the report and never as a result's value.

An address is kept when the profile allows its scheme and host; it is never opened. Bytes are
taken for what they are, whatever they were declared to be. A report cut into several OBX is put
together again.
"""

import base64
import binascii
import re
from typing import Final
from urllib.parse import urlsplit

from adapters.hl7v2.coded import coded
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading
from hie.records import Attachment, Val

_MAGIC: Final = (
    (b"%PDF", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
)
_TAKEN: Final = frozenset(
    {"application/pdf", "image/jpeg", "image/png", "image/tiff", "text/plain"}
)
_DECLARED: Final = {
    "pdf": "application/pdf", "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png",
    "tiff": "image/tiff", "tif": "image/tiff", "plain": "text/plain", "txt": "text/plain",
}  # fmt: skip
_BREAKS: Final = re.compile(r"\\X(?:0[DdAa])+\\|\\\.br\\|\s")


class Piece:
    """The parts of one printed report, in the order of their OBX."""

    __slots__ = ("chunks", "code", "declared", "encoding", "path", "title")

    def __init__(self, reading: Reading, obx: Segment) -> None:
        f, row = obx.fields, obx.row
        parts = reading.repeats(f[5])[0].split(reading.delimiters.component)
        parts.extend([""] * (5 - len(parts)))
        if len(parts) > 5:
            parts[4] = reading.delimiters.component.join(parts[4:])
        named = coded(reading, f[3], row[3])
        self.path = row[5]
        self.code = f[3]
        self.title = (named.text or named.display or named.code) if named else None
        self.declared = reading.whole(parts[2]).lower() or reading.whole(parts[1]).lower()
        self.encoding = reading.whole(parts[3]).lower()
        self.chunks = [parts[4]]
        for more in reading.repeats(f[5])[1:]:
            self.chunks.append(more.split(reading.delimiters.component)[-1])

    def continues(self, other: "Piece") -> bool:
        """Whether this piece carries on `other` rather than beginning a file of its own."""
        return self.code == other.code and _sniff(_head(self.chunks[0])) is None


def read_piece(reading: Reading, piece: Piece) -> Attachment | None:
    """The attachment of one printed report; None, with an issue, if it cannot be taken."""
    data = _decode(reading, piece)
    if data is None:
        reading.issue("attachment-invalid", piece.path, expected="Base64")
        return None
    if not data:
        return None
    if len(data) > reading.profile.attachments.max_bytes:
        reading.issue("attachment-too-large", piece.path, str(len(data)))
        return None
    declared = _DECLARED.get(piece.declared.split("/")[-1])
    media = _sniff(data[:16])
    if media is None and declared == "text/plain" and b"\x00" not in data:
        media = "text/plain"
    if media not in _TAKEN:
        reading.issue("attachment-refused", piece.path, media or piece.declared)
        return None
    if declared and declared != media:
        reading.issue("attachment-type", piece.path, piece.declared, expected=media or "")
    return Attachment(media, piece.path, data=data, title=piece.title)


def read_address(reading: Reading, obx: Segment) -> Attachment | Val | None:
    """RP: a link if the profile allows it, else the address as text with an issue."""
    path = obx.row[5]
    url = reading.component(obx.fields[5], 1)
    if not url:
        return None
    if not is_allowed(url, reading.profile.attachments.url_allow):
        reading.issue("url-not-allowed", path, url)
        return Val(url, path)
    named = coded(reading, obx.fields[3], obx.row[3])
    kind = reading.component(obx.fields[5], 4).lower()
    media = _DECLARED.get(kind, "application/octet-stream")
    return Attachment(media, path, url=url, title=(named.display or named.code) if named else None)


def is_allowed(url: str, allowed: tuple[str, ...]) -> bool:
    """Same scheme, host and port as an entry, and below its path; no user name, no `..`."""
    try:
        asked = urlsplit(url)
        if asked.username is not None or ".." in asked.path or any(c <= " " for c in url):
            return False
        for entry in allowed:
            known = urlsplit(entry)
            if (
                asked.scheme in ("http", "https")
                and (asked.scheme, asked.hostname, asked.port)
                == (known.scheme, known.hostname, known.port)
                and _below(asked.path, known.path)
            ):
                return True
    except ValueError:
        return False
    return False


def _below(path: str, prefix: str) -> bool:
    prefix = prefix.rstrip("/")
    return not prefix or path == prefix or path.startswith(f"{prefix}/")


def _decode(reading: Reading, piece: Piece) -> bytes | None:
    """The bytes of all chunks together; None if they are not what ED-4 says."""
    chunks = [_BREAKS.sub("", c) for c in piece.chunks]
    try:
        if piece.encoding == "hex":
            return bytes.fromhex("".join(chunks))
        if piece.encoding in ("a", "ascii"):
            return "".join(reading.whole(c) for c in piece.chunks).encode()
        if all(c.endswith("=") or not c for c in chunks[:-1]) and len(chunks) > 1:
            return b"".join(base64.b64decode(c, validate=True) for c in chunks)
        return base64.b64decode("".join(chunks), validate=True)
    except (binascii.Error, ValueError):
        return None


def _head(chunk: str) -> bytes:
    """The first bytes of a Base64 chunk, for sniffing."""
    text = _BREAKS.sub("", chunk[:64])[:32]
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _sniff(head: bytes) -> str | None:
    return next((media for magic, media in _MAGIC if head.startswith(magic)), None)
