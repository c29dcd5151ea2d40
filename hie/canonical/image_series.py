"""The images of one series in space, and whether its slices are evenly spaced.

PS3.3 section C.7.6.2: ImagePositionPatient and ImageOrientationPatient. Slices are ordered along
the normal of their plane; a missing slice is a gap twice as wide.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from hie.records import InstanceRecord

SeriesImages = Sequence[InstanceRecord]
Point = tuple[Decimal, Decimal, Decimal]

_SAME: Final = 0.01  # mm: two phases of one place
_UNEVEN: Final = 0.1  # of the usual spacing
_SLACK: Final = 0.05  # mm: rounding of positions
_TILT: Final = 0.01  # cosines of one series may differ by rounding


def by_series(records: Iterable[InstanceRecord]) -> dict[str, list[InstanceRecord]]:
    """The records of each series, by its UID, in the order of their series' numbers."""
    found: dict[str, list[InstanceRecord]] = {}
    for one in records:
        found.setdefault(one.series.uid, []).append(one)
    return found


def is_even(images: SeriesImages) -> bool | None:
    """Whether slices of one orientation are evenly spaced; None if that cannot be told.

    Two places at least; images of another orientation make it uneven.
    """
    planes = [one.instance.orientation for one in images]
    points = [point for one in images for point in _points(one)]
    if not planes or any(len(plane) != 6 for plane in planes):
        return None
    if len(points) < len(images):
        return None
    first = [float(cosine) for cosine in planes[0]]
    for plane in planes[1:]:
        if any(abs(float(a) - b) > _TILT for a, b in zip(plane, first, strict=True)):
            return False
    normal = (
        first[1] * first[5] - first[2] * first[4],
        first[2] * first[3] - first[0] * first[5],
        first[0] * first[4] - first[1] * first[3],
    )
    depths = sorted(
        sum(float(p) * n for p, n in zip(point, normal, strict=True)) for point in points
    )
    places = depths[:1]
    for depth in depths[1:]:
        if depth - places[-1] > _SAME:
            places.append(depth)
    if len(places) < 2:
        return None
    gaps = sorted(b - a for a, b in pairwise(places))
    usual = gaps[len(gaps) // 2]
    slack = max(_UNEVEN * usual, _SLACK)
    return gaps[-1] - usual <= slack and usual - gaps[0] <= slack


def _points(record: InstanceRecord) -> tuple[Point, ...]:
    own = record.instance
    if own.frame_positions:
        return own.frame_positions
    return (own.position,) if own.position is not None else ()
