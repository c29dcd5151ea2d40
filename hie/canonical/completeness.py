"""Is there all that an image class needs? True, False, or None because a needed tag is absent.

Recognition rules made precise, section 7: XRAY every image has a view; CT one original axial series
with even slice spacing; MRI two distinct sequences; US one stored frame; NM tracer and activity; MG
CC and MLO of each side.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final, Literal

from hie.canonical.image_series import SeriesImages, by_series, is_even
from hie.records import InstanceRecord

Side = Literal["L", "R", "B"]

_AXIAL: Final = frozenset({"AXIAL", "VOLUME"})  # the latter of enhanced objects
_VIEWS: Final = frozenset({"CC", "MLO"})
_SHORT_ECHO, _SHORT_REPETITION = Decimal(30), Decimal(1000)  # ms


def is_complete(klass: str | None, images: Sequence[InstanceRecord]) -> bool | None:
    """Whether the images of a study's class are all that the class needs."""
    return _COMPLETE[klass](images) if klass in _COMPLETE else None


def side_of(record: InstanceRecord) -> Side | None:
    """The side an image shows; None: not stated, or unpaired."""
    side = record.instance.laterality or record.series.laterality
    return side if side in ("L", "R", "B") else None  # type: ignore[return-value]


def tracer_of(images: Iterable[InstanceRecord]) -> tuple[str | None, Decimal | None]:
    """Every tracer stated, and the largest activity."""
    kept = list(images)
    tracers = {one.instance.tracer.text for one in kept if one.instance.tracer is not None}
    activities = [one.instance.activity for one in kept if one.instance.activity is not None]
    return ", ".join(sorted(tracers)) or None, max(activities, default=None)


def _xray(images: Sequence[InstanceRecord]) -> bool | None:
    """Every image has a ViewPosition."""
    return True if images and all(one.instance.view for one in images) else None


def _ct(images: Sequence[InstanceRecord]) -> bool | None:
    """One original axial series with even slice spacing."""
    answers = [_axial(part) for part in by_series(images).values()]
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _axial(series: SeriesImages) -> bool | None:
    """Whether the original axial images of a series are evenly spaced (ImageType 1 and 3)."""
    originals, unclear = [], False
    for one in series:
        words = one.instance.image_type
        if not words or (words[0] == "ORIGINAL" and len(words) < 3):
            unclear = True
        elif words[0] == "ORIGINAL" and words[2] in _AXIAL:
            originals.append(one)
    if originals:
        return is_even(originals)
    return None if unclear else False


def _mri(images: Sequence[InstanceRecord]) -> bool | None:
    """Two or more distinct sequences."""
    found = [_sequence(part) for part in by_series(images).values()]
    known = {one for one in found if one is not None}
    if len(known) > 1:
        return True
    return None if None in found or not found else False


def _sequence(series: SeriesImages) -> tuple[str, ...] | None:
    """What a series was made with: sequence names and weighting; planes do not matter."""
    named = min((one.instance for one in series if one.instance.sequences), default=None,
                key=lambda one: one.sequences)  # fmt: skip
    if named is None:
        return None
    echo, repetition = named.echo_time, named.repetition_time
    long_echo = "" if echo is None else "long" if echo >= _SHORT_ECHO else "short"
    long_repetition = (
        "" if repetition is None else "long" if repetition >= _SHORT_REPETITION else "short"
    )
    return (*named.sequences, long_echo, long_repetition)


def _us(images: Sequence[InstanceRecord]) -> bool | None:
    """One stored frame."""
    return True if any(one.instance.frames for one in images) else None


def _nm(images: Sequence[InstanceRecord]) -> bool | None:
    """Tracer and activity."""
    tracer, activity = tracer_of(images)
    if activity is not None and activity <= 0:
        return False
    return True if tracer is not None and activity is not None else None


def _mg(images: Sequence[InstanceRecord]) -> bool | None:
    """CC and MLO of both sides; an order for one side asks that side alone."""
    sides = (is_complete_side(images, "L"), is_complete_side(images, "R"))
    if False in sides:
        return False
    return None if None in sides else True


def is_complete_side(images: Sequence[InstanceRecord], side: Side) -> bool | None:
    """CC and MLO of this side."""
    shown = {one.instance.view for one in images if side_of(one) in (side, "B")}
    if shown >= _VIEWS:
        return True
    unclear = any(one.instance.view is None or side_of(one) is None for one in images)
    return None if unclear else False


_COMPLETE: Final[dict[str, Callable[[Sequence[InstanceRecord]], bool | None]]] = {
    "XRAY": _xray,
    "CT": _ct,
    "MRI": _mri,
    "US": _us,
    "NM": _nm,
    "MG": _mg,
}
