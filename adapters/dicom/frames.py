"""Functional groups: where enhanced multi-frame objects keep what others say at the top.

PS3.3 section C.7.6.16. Shared groups speak for every frame, per-frame groups for one each.
"""

from decimal import Decimal
from typing import Final

from adapters.dicom.reader import read_items
from adapters.dicom.study import body_parts
from adapters.dicom.tags import (
    FRAME_ANATOMY_SEQUENCE,
    IMAGE_ORIENTATION,
    IMAGE_POSITION,
    PER_FRAME_GROUPS_SEQUENCE,
    PLANE_ORIENTATION_SEQUENCE,
    PLANE_POSITION_SEQUENCE,
    SHARED_GROUPS_SEQUENCE,
)
from adapters.dicom.view import View

Point = tuple[Decimal, Decimal, Decimal]
_MOST_FRAMES: Final = 4000  # frames whose position is read


def within(views: tuple[View, ...], tag: int) -> tuple[View, ...]:
    """The items of a sequence, in each of these."""
    return tuple(item for one in views for item in one.items(tag))


def shared_groups(view: View) -> tuple[View, ...]:
    """The shared functional groups; () of an ordinary object."""
    return view.items(SHARED_GROUPS_SEQUENCE)


def read_point(found: tuple[Decimal, ...]) -> Point | None:
    """A point of three coordinates, in mm; None if there are not three."""
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def read_orientation(view: View, shared: tuple[View, ...]) -> tuple[Decimal, ...]:
    """The six cosines of ImageOrientationPatient; () if they are not known."""
    for one in (view, *within(shared, PLANE_ORIENTATION_SEQUENCE)):
        found = one.decimals(IMAGE_ORIENTATION)
        if len(found) == 6:
            return found
    return ()


def read_positions(view: View) -> tuple[Point, ...]:
    """Where each frame of an enhanced object lies; () unless every frame says so."""
    element = view.elements.get(PER_FRAME_GROUPS_SEQUENCE)
    if element is None:
        return ()
    reading = view.reading
    items = read_items(reading.buffer, reading.explicit, element, 1)
    if len(items) > _MOST_FRAMES:
        reading.issue("frames-left-out", view.path(PER_FRAME_GROUPS_SEQUENCE))
        return ()
    found = []
    for elements in items:
        frame = View(reading, elements, view.scope, 1, f"{view.path(PER_FRAME_GROUPS_SEQUENCE)}>")
        planes = frame.items(PLANE_POSITION_SEQUENCE)
        point = read_point(planes[0].decimals(IMAGE_POSITION)) if planes else None
        if point is None:
            return ()
        found.append(point)
    return tuple(found)


def frame_parts(shared: tuple[View, ...]) -> tuple[str, ...]:
    """Body parts stated for all frames."""
    return tuple(part for one in within(shared, FRAME_ANATOMY_SEQUENCE) for part in body_parts(one))
