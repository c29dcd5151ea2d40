"""A file of several messages: FHS, BHS, the messages, BTS, FTS (HL7 v2.5.1 chapter 2.10.3).

The door keeps each message on its own, so that one bad message never blocks the others. Work is
done on bytes: the messages of a file may differ in charset, and no byte of theirs is changed.
"""

import re
from typing import Final

import msgspec

_START: Final = re.compile(
    rb"(?:\A|[\r\n])[ \t\x0b\x0c\x1c]*(MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9\r\n])"
)
NOISE: Final = b"\x0b\x1c\x00 \t\r\n"
_EDGE: Final = b"\x0b\x1c\x00 \t"


class Batch(msgspec.Struct, frozen=True):
    """The messages of a file, and what its envelope says: (code, path, found) each."""

    messages: tuple[bytes, ...]
    findings: tuple[tuple[str, str, str], ...] = ()


def is_batch(content: bytes) -> bool:
    """Whether there is an envelope, or more than one message."""
    return content.count(b"MSH") > 1 or content[:24].lstrip(NOISE + b"\xef\xbb\xbf")[:3] in (
        b"FHS",
        b"BHS",
    )


def read_batch(content: bytes) -> Batch:
    """Cut a file into its messages. A file that is one message, or none, is returned whole.

    BHS without MSH, a nested BHS and a missing BTS are read; a wrong count is a finding.
    """
    if not is_batch(content) or b"\x00M\x00S\x00H" in content:
        return Batch((content,))
    bare = content.removeprefix(b"\xef\xbb\xbf")
    marks = [(found[1], found.start(1)) for found in _START.finditer(bare)]
    if not marks:
        return Batch((content,))
    messages: list[bytes] = []
    findings: list[tuple[str, str, str]] = []
    since = 0
    for (name, start), end in zip(marks, [at for _, at in marks[1:]] + [len(bare)], strict=True):
        if name == b"MSH":
            messages.append(bare[start:end].strip(_EDGE))
        elif name == b"BHS":
            since = len(messages)
        elif name in (b"BTS", b"FTS"):
            found = _count(bare[start:end])
            counted = len(messages) - since
            if name == b"BTS" and found is not None and found != counted:
                findings.append(("batch-count", "BTS-1", str(found)))
    if not messages:
        return Batch((content,))
    if marks[0][0] in (b"FHS", b"BHS") and not any(name in (b"BTS", b"FTS") for name, _ in marks):
        findings.append(("batch-unclosed", "BTS", ""))
    return Batch(tuple(messages), tuple(findings))


def _count(trailer: bytes) -> int | None:
    """BTS-1 or FTS-1, if it is a number."""
    text = trailer[4:].split(trailer[3:4])[0].strip()
    return int(text) if text.isdigit() and len(text) < 9 else None
