"""Profile bindings: a field of the record that stands in another place of the message.

A bound segment is read through a copy whose fields come from the places that the profile names;
the copy's paths name those places, so every issue and value points at where it really stood.
"""

from adapters.hl7v2 import statuses
from adapters.hl7v2.compiled import Source
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import NULL, Reading

_LOOK_AHEAD = 40


class Neighbours:
    """Which segment of a name is nearest: those of the same order group, then those before.

    What follows the results of an order belongs to that order; what stands between an ORC (or
    the patient) and an OBR belongs to the order that opens there.
    """

    def __init__(self, segments: list[Segment]) -> None:
        self._segments = segments
        self._head: dict[str, Segment] = {}  # MSH, PID, PV1, ORC: the last of each
        self._group: dict[str, Segment] = {}  # since the last OBR
        self._is_opening = False
        self._opening: dict[str, Segment] = {}  # since the last ORC, PID or PV1, before an OBR

    def passed(self, segment: Segment) -> None:
        """Remember a segment that was read."""
        name = segment.name
        if name in _HEADS:
            self._head[name] = segment
            self._opening, self._is_opening = {}, True
        elif name == "OBR":
            self._group = {**self._opening, name: segment}
            self._opening, self._is_opening = {}, False
        else:
            (self._opening if self._is_opening else self._group)[name] = segment

    def nearest(self, name: str, at: int) -> Segment | None:
        """The segment `name` that belongs to the one at index `at`."""
        here = self._segments[at]
        if name == here.name:
            return here
        for segment in self._segments[at + 1 : at + 1 + _LOOK_AHEAD]:
            if segment.name == name:
                return segment
            if segment.name in (here.name, "PID") or (segment.name == "OBR" and name != "OBR"):
                break
        before = self._opening if here.name == "OBR" else self._group
        return before.get(name) or self._head.get(name)


_HEADS = frozenset({"MSH", "PID", "PV1", "ORC"})


def value_at(reading: Reading, place: Source, segment: Segment) -> tuple[str, str]:
    """The undecoded text at a place, and its path."""
    raw = segment.fields[place.field] if place.field < len(segment.fields) else ""
    path = segment.path(place.field)
    if place.component:
        parts = reading.repeats(raw)[0].split(reading.delimiters.component)
        raw = parts[place.component - 1] if place.component <= len(parts) else ""
        path = f"{path}.{place.component}"
        if place.subcomponent:
            pieces = raw.split(reading.delimiters.subcomponent)
            raw = pieces[place.subcomponent - 1] if place.subcomponent <= len(pieces) else ""
            path = f"{path}.{place.subcomponent}"
    return raw, path


def bound(reading: Reading, segments: list[Segment], at: int, near: Neighbours) -> Segment:
    """The segment as the profile wants it read; itself if the profile says nothing of it."""
    segment = segments[at]
    targets = reading.compiled.bindings.get(segment.name)
    if not targets:
        return segment
    fields, row = list(segment.fields), list(segment.row)
    for index, is_status, places in targets:
        best: tuple[str, str] | None = None
        for place in places:
            other = near.nearest(place.segment, at)
            if other is None:
                continue
            raw, path = value_at(reading, place, other)
            if not raw or raw == NULL:
                continue
            best = best or (raw, path)
            if not is_status or _is_status(reading, raw, segment.name):
                best = (raw, path)
                break
        if fields[index] and (segment.name, index) not in reading.compiled.bound:
            reading.tally.ignore(row[index])
        fields[index], row[index] = best or ("", row[index])
    return Segment(segment.name, segment.number, fields, row, segment.size)


def _is_status(reading: Reading, raw: str, segment: str) -> bool:
    text = reading.component(raw, 1)
    if segment == "OBX":
        return text in statuses.RESULT_CODES or text in reading.profile.status_codes
    return text in statuses.REPORT_CODES or text in reading.profile.report_status_codes
