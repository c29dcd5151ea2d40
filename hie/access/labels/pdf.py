"""The text a PDF shows, in every way it may be meant, for words to be looked for (ISO 32000-1).

No page is laid out. Streams are unpacked within bounds, the strings that text operators show are
read, and each is decoded by what its font says of its codes. None: the file cannot be read for
certain, or shows no text; it may be a picture of a page. Its reader restricts it then.
"""

import re
from collections.abc import Iterable

from hie.access.labels.pdf_content import Run, shown_in, strings_in
from hie.access.labels.pdf_fonts import Fonts, fonts_of
from hie.access.labels.pdf_maps import Map, maps_of
from hie.access.labels.pdf_objects import File, file_of
from hie.access.labels.pdf_streams import UnreadableError

_MOST_TRIED = 2_000_000  # bytes of strings, each time they are held against a map or an encoding
_MARKS = {b"\xfe\xff": "utf-16-be", b"\xff\xfe": "utf-16-le", b"\xef\xbb\xbf": "utf-8"}
_TAG = re.compile(rb"<[^<>]*>")
MOST_TOLD = 400_000  # characters: what is longer cannot be told to say nothing else


def text_of_pdf(data: bytes) -> str | None:
    """All texts it shows, each way it may be meant on a line of its own; None: cannot be read."""
    if b"%PDF-" not in data[:1024] or b"/Encrypt" in data:
        return None
    try:
        return _text(file_of(data))
    except UnreadableError:
        return None


def _text(file: File) -> str | None:
    told = _Told(fonts_of(file.objects, maps_of(file.cmaps)))
    for stream in file.shown:
        runs, beside = shown_in(stream)
        told.show(runs)
        told.say(beside)
    if not told.close:
        return None
    for text in file.texts():
        told.say(strings_in(text))
    told.say(b"\xef\xbb\xbf" + b" ".join(_TAG.sub(b" ", one).split()) for one in file.about)
    return "\n".join((*told.close, *told.wide, *told.others))


class _Told:
    """What was read so far: letters close together, with blanks between strings, and all else."""

    def __init__(self, fonts: Fonts) -> None:
        self.close: list[str] = []
        self.wide: list[str] = []
        self.others: dict[str, None] = {}
        self._fonts = fonts
        self._tries, self._left = _MOST_TRIED, MOST_TOLD

    def show(self, runs: Iterable[Run]) -> None:
        """Adds what a stream shows as one text, and what its runs may mean besides."""
        whole: list[str] = []
        for run in runs:
            if not b"".join(run.parts).strip(b"\0 \t\r\n"):
                continue
            meant = self._meant(run)
            if not meant:
                raise UnreadableError
            whole += meant[0]
            for other in meant[1:]:
                self._add("".join(other))
                self._add(" ".join(other))
        if whole:
            self._spend(2 * sum(len(one) + 1 for one in whole))
            self.close.append("".join(whole))
            self.wide.append(" ".join(whole))

    def say(self, strings: Iterable[bytes]) -> None:
        """Adds texts that have no font: titles, notes, what stands in fields (7.9.2.2)."""
        for one in strings:
            mark = next((mark for mark in _MARKS if one.startswith(mark)), b"")
            text = one[len(mark) :].decode(_MARKS.get(mark, "latin-1"), "replace")
            if mark or _is_text(text):
                self._add(text)

    def _add(self, text: str) -> None:
        if text not in self.others:
            self._spend(len(text) + 1)
            self.others[text] = None

    def _spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise UnreadableError

    def _meant(self, run: Run) -> list[list[str]]:
        """What a run may mean, by each font it may be in; none: nothing reads it."""
        fonts = self._fonts.any if run.font is None else self._fonts.named.get(run.font)
        found: list[list[str]] = []
        size = sum(map(len, run.parts))
        for font in fonts or self._fonts.any:
            if font.is_blind:
                raise UnreadableError
            self._tries -= size * (len(font.maps) + len(font.encodings))
            if self._tries < 0:
                raise UnreadableError
            read = [_mapped(run.parts, one, self._left) for one in font.maps]
            read += [_decoded(run.parts, name) for name in font.encodings]
            found += [one for one in read if one is not None and one not in found]
        return found


def _decoded(parts: list[bytes], name: str) -> list[str] | None:
    try:
        told = [one.decode(name) for one in parts]
    except UnicodeDecodeError:
        return None
    return told if _is_text("".join(told)) else None


def _mapped(parts: list[bytes], codes: Map, most: int) -> list[str] | None:
    """The texts by a map, when it knows nine in ten of the codes."""
    size = len(next(iter(codes), b"")) or 1
    told, known, count, long = [], 0, 0, 0
    for one in parts:
        found = [codes.get(one[n : n + size]) for n in range(0, len(one), size)]
        texts = [text for text in found if text is not None]
        known += len(texts)
        count += len(found)
        long += sum(map(len, texts))
        if long > most:
            raise UnreadableError
        told.append("".join(texts))
    return told if known * 10 >= count * 9 else None


def _is_text(text: str) -> bool:
    """Whether nine in ten of its characters are letters, figures, signs and blanks of a text."""
    good = sum(one.isprintable() or one in "\r\n\t" for one in text)
    return good * 10 >= len(text) * 9
