"""MLLP framing as a pure state machine: bytes in, frames out, however the bytes were cut.

A frame is SB content EB CR: 0x0B … 0x1C 0x0D (HL7 v2 Transport Specification, MLLP release 1).
Senders leave out the last CR, write LF for it, put noise between frames, and begin anew when they
lost their place. EB ends a frame at once: who forgot the CR waits for the answer. SB inside a
frame begins another one only where a header follows; else it is a stray character of the text.
"""

from dataclasses import dataclass
from typing import Final

SB: Final = b"\x0b"
EB: Final = b"\x1c"
CR: Final = b"\r"
HEAD = 4096  # bytes kept of a frame that is too long, to answer it
_HEADERS: Final = (b"MSH", b"FHS", b"BHS")
_BLANK: Final = b" \t\r\n\x00\xef\xbb\xbf"
_QUIET: Final = b" \t\r\n\x00\x1c"  # between frames: line ends, keep-alive, an EB too many
_AHEAD = 16  # bytes after SB in which a header begins, or does not


def framed(content: bytes) -> bytes:
    """The content as one frame."""
    return SB + content + EB + CR


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame's content."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """What stood in a frame whose end never came: the sender began another one."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Oversize:
    """The beginning of a frame over the limit; the rest of it is passed over."""

    head: bytes


Event = Frame | Truncated | Oversize


class Framer:
    """The state of one connection. `noise` counts bytes between frames that are no line ends."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.noise = 0
        self._buffer = bytearray()
        self._looked = 0  # no frame begins or ends before this place of the buffer
        self._step = self._between

    @property
    def is_inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._step != self._between

    @property
    def buffered(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Event]:
        """The frames that these bytes complete. Linear in all bytes ever fed."""
        self._buffer += data
        events: list[Event] = []
        while self._step(events):
            pass
        return events

    def _between(self, events: list[Event]) -> bool:
        start = self._buffer.find(SB)
        passed = self._buffer if start < 0 else self._buffer[:start]
        self.noise += len(passed.translate(None, _QUIET))
        self._drop(len(self._buffer) if start < 0 else start + 1)
        if start < 0:
            return False
        self._step = self._inside
        return True

    def _inside(self, events: list[Event]) -> bool:
        while True:
            place = self._next_mark()
            if place is None or place > self.limit:
                if len(self._buffer) <= self.limit:
                    self._looked = len(self._buffer)
                    return False
                events.append(Oversize(bytes(self._buffer[: min(HEAD, self.limit)])))
                self._drop(self.limit)
                self._step = self._beyond
                return True
            if self._buffer[place] == EB[0]:
                content = bytes(self._buffer[:place])
                self._drop(place + 1)
                self._step = self._between
                if content.strip(_BLANK + SB):
                    events.append(Frame(content))
                return True
            is_header = self._header_follows(place)
            if is_header is None:
                self._looked = place
                return False
            if is_header:
                content = bytes(self._buffer[:place])
                self._drop(place + 1)
                if content.strip(_BLANK + SB):
                    events.append(Truncated(content))
                return True
            self._looked = place + 1

    def _beyond(self, events: list[Event]) -> bool:
        while True:
            place = self._next_mark()
            if place is None:
                self._drop(len(self._buffer))
                return False
            if self._buffer[place] == EB[0]:
                self._drop(place + 1)
                self._step = self._between
                return True
            is_header = self._header_follows(place)
            if is_header is None:
                self._drop(place)
                return False
            if is_header:
                self._drop(place + 1)
                self._step = self._inside
                return True
            self._looked = place + 1

    def _next_mark(self) -> int | None:
        """Where the next EB or SB stands."""
        end = self._buffer.find(EB, self._looked)
        start = self._buffer.find(SB, self._looked, len(self._buffer) if end < 0 else end)
        place = end if start < 0 else start
        return None if place < 0 else place

    def _header_follows(self, place: int) -> bool | None:
        """Whether a message header stands behind the SB at `place`; None: too early to say."""
        window = bytes(self._buffer[place + 1 : place + 1 + _AHEAD])
        begun = window.lstrip(_BLANK)
        if len(begun) >= 3:
            return begun[:3] in _HEADERS
        if len(window) == _AHEAD:
            return False
        return None if any(header.startswith(begun) for header in _HEADERS) else False

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._looked = 0
