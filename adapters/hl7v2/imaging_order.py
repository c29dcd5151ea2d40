"""Whether an order is imaging and of which class: profile, then section, then its name.

Decided when the OBR comes, because its OBX are then read as texts. A name alone decides only if
an OBX states findings or a conclusion, or none is a number: a laboratory result must never be
swallowed by a report of images.
"""

from collections.abc import Sequence
from typing import Final, cast

from adapters.hl7v2.coded import coded
from adapters.hl7v2.group import Imaging
from adapters.hl7v2.imaging_words import (
    SECTIONS,
    Part,
    class_of_name,
    class_of_token,
    part_of,
)
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading

_NUMBERS: Final = frozenset({"NM", "SN", "NUM", "NA", "MA"})
_OF_NOTHING: Final = Imaging(None, False)
_NARROWER: Final = {("NM", "CT"), ("NM", "MRI"), ("MG", "XRAY")}  # name, section: the name counts


def decide(reading: Reading, obr: Segment, segments: Sequence[Segment], at: int) -> Imaging | None:
    """What the order at index `at` is imaging of; None: it is laboratory's."""
    f = obr.fields
    key = ("imaging", f[4], f[24])
    kept = reading.memo.get(key)
    if kept is None:
        kept = reading.keep(key, _by_order(reading, f[4], obr.row[4], f[24]))
    is_imaging, is_sure, found = cast("tuple[bool, bool, Imaging]", kept)
    if not is_imaging or not (is_sure or _states_images(reading, segments, at)):
        return None
    return found


def _by_order(reading: Reading, code: str, path: str, section: str) -> tuple[bool, bool, Imaging]:
    """Whether it is imaging, whether that is sure, and of what."""
    profile = reading.profile.imaging
    named = coded(reading, code, path) if code else None
    names = [n for n in (named.code, named.display, named.alt_code, named.alt_display, named.text)
             if n] if named else []  # fmt: skip
    where = [p for p in reading.parts(reading.repeats(section)[0]) if p] if section else []
    if not set(profile.never).isdisjoint(names):
        return False, True, _OF_NOTHING
    for word in (*names, *where):
        kind = profile.classes.get(word)
        if kind is not None:
            return True, True, Imaging(None if kind == "none" else kind, True)
    words = [w.upper() for w in where]
    known = next((w for w in words if w in SECTIONS), None)
    if known is None and not profile.always:
        by_name = next((k for n in names if not n.isascii() or " " in n
                        if (k := class_of_name(n)) is not None), None)  # fmt: skip
        return by_name is not None, False, Imaging(by_name, False)
    by_section = SECTIONS[known] if known is not None else None
    by_name = next((k for n in names if (k := class_of_token(n)) is not None), None)
    if by_section is None or (by_name, by_section) in _NARROWER:
        return True, True, Imaging(by_name, False)
    return True, True, Imaging(by_section, True)


def _states_images(reading: Reading, segments: Sequence[Segment], at: int) -> bool:
    """Whether the OBX of the order speak of images: of findings, or of no numbers at all."""
    is_text = True
    for segment in segments[at + 1 :]:
        if segment.name in ("OBR", "PID"):
            break
        if segment.name == "OBX":
            named = coded(reading, segment.fields[3], segment.row[3])
            part = (
                statement_part(reading, named.code, (named.display, named.text)) if named else None
            )
            if part in (Part.FINDINGS, Part.CONCLUSION):
                return True
            is_text = is_text and segment.fields[2] not in _NUMBERS
    return is_text


def statement_part(
    reading: Reading, code: str | None, names: tuple[str | None, ...]
) -> Part | None:
    """What an OBX states: by the profile, else by the words that all senders use."""
    profile = reading.profile.imaging
    words = tuple(n for n in names if n)
    for part in Part:
        own: tuple[str, ...] = getattr(profile, part.value)
        if own and (code in own or not set(own).isdisjoint(words)):
            return part
    return part_of(code or "", words or ((code,) if code else ()))
