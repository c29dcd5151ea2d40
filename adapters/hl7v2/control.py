"""Whether the analyser's quality control was in or out, where the profile says it stands."""

import msgspec

from adapters.hl7v2.bindings import Neighbours, value_at
from adapters.hl7v2.compiled import Source
from adapters.hl7v2.reading import Reading
from hie.records import Result


def read_control(
    reading: Reading, place: Source, near: Neighbours, result: Result, at: int
) -> None:
    """Put the bound control state of the OBX at index `at` into its result.

    The result was made a moment ago and nobody else holds it yet.
    """
    profile, segment = reading.profile.control, near.nearest(place.segment, at)
    if profile is None or segment is None:
        return
    raw, path = value_at(reading, place, segment)
    text = reading.whole(raw)
    if text in profile.within:
        msgspec.structs.force_setattr(result, "control", "in")
    elif text in profile.out:
        msgspec.structs.force_setattr(result, "control", "out")
    elif text:
        reading.issue("control-unknown", path, text)
