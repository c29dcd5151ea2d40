"""Computed tomography of an invented body: axial slices in Hounsfield units.

What is drawn has the densities of its tissues (air -1000, lung -850, fat -90, water 0, soft tissue
40, bone 300 to 900, contrast medium 200), so that the usual windows show what they are named for.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hie.synthetic.imaging.geometry import (
    Grid,
    Plane,
    chance,
    dab,
    ellipse,
    grid,
    noise,
    ring,
    smoothed,
)

SIDE: Final = 192
INTERCEPT: Final = -1024
_AIR: Final = -1000.0


def slices(part: str, count: int, enhanced: bool, *subject: object) -> list[NDArray[Any]]:
    """`count` slices from top to bottom, stored numbers: Hounsfield units less INTERCEPT."""
    draw = _PARTS[part]
    g = grid(SIDE, SIDE)
    fate = chance("ct", part, *subject)
    marks = fate.uniform(-1, 1, size=(60, 3)).astype(np.float32)
    return [_stored(draw(g, z, marks, enhanced), fate) for z in np.linspace(-1, 1, count)]


def _stored(plane: Plane, fate: np.random.Generator) -> NDArray[Any]:
    grainy = smoothed(plane) + noise(fate, plane.shape, 14.0)
    found: NDArray[Any] = np.clip(np.rint(grainy - INTERCEPT), 0, 4095).astype(np.uint16)
    return found


def _body(g: Grid, wide: float, high: float) -> Plane:
    plane = np.full(g.shape, _AIR, np.float32)
    plane[ellipse(g, 0, 0, wide, high)] = -90
    plane[ellipse(g, 0, 0, wide - 0.06, high - 0.06)] = 45
    table = ellipse(g, 0, 1.35, 1.1, 0.52) & ~ellipse(g, 0, 1.38, 1.1, 0.5)
    plane[table & (plane == _AIR)] = -300
    return plane


def _spine(plane: Plane, g: Grid, y: float) -> None:
    plane[ellipse(g, 0, y, 0.12, 0.1)] = 320
    plane[ring(g, 0, y, 0.12, 0.1, 0.025)] = 700
    plane[ellipse(g, 0, y + 0.15, 0.05, 0.045)] = 20
    plane[ring(g, 0, y + 0.15, 0.075, 0.07, 0.025)] = 600
    plane[ellipse(g, 0, y + 0.27, 0.025, 0.06)] = 500


def _chest(g: Grid, z: float, marks: Plane, enhanced: bool) -> Plane:
    plane = _body(g, 0.86, 0.62)
    blood = 210.0 if enhanced else 42.0
    for number in range(9):  # ribs, cut aslant
        angle = number * 0.7 + z * 1.6
        x, y = 0.76 * np.cos(angle), 0.52 * np.sin(angle)
        plane[ellipse(g, x, y, 0.075, 0.03, angle + 1.57)] = 480
    full = np.sqrt(max(0.05, 1 - (z * 0.92) ** 2))
    for side in (-1, 1):
        lung = ellipse(g, side * 0.42, -0.02, 0.3 * full, 0.43 * full, side * 0.12)
        plane[lung] = -850
        for mx, my, size in marks[:44]:  # vessels, thinner outwards
            x, y = side * (0.42 + 0.26 * mx * full), 0.38 * my * full + 0.04 * z
            dab(plane, g, (x, y), (0.012 + 0.012 * abs(size), 0.012), -40, lung)
    plane[ellipse(g, 0, 0.02, 0.14, 0.34)] = 20
    if z > -0.2:
        plane[ellipse(g, 0.1, -0.12, 0.16 + 0.2 * (z + 0.2), 0.13 + 0.14 * (z + 0.2), 0.5)] = blood
    plane[ellipse(g, 0.06, 0.24, 0.05, 0.05)] = blood
    plane[ellipse(g, -0.02, 0.02, 0.045, 0.045)] = _AIR  # trachea and its branches
    if z > 0.1:
        plane[ellipse(g, -0.02, 0.02, 0.045, 0.045)] = 30
        for side in (-1, 1):
            plane[ellipse(g, side * 0.14, 0.05, 0.035, 0.03)] = _AIR
    nx, ny, nz = marks[50]
    if abs(z - 0.4 * nz) < 0.12:  # one small nodule
        plane[ellipse(g, 0.45 + 0.1 * nx, 0.15 * ny, 0.022, 0.022)] = 40
    _spine(plane, g, 0.36)
    return plane


def _head(g: Grid, z: float, marks: Plane, enhanced: bool) -> Plane:
    full = float(np.sqrt(max(0.12, 1 - (z * 0.85) ** 2)))
    plane = np.full(g.shape, _AIR, np.float32)
    plane[ellipse(g, 0, 0, 0.68 * full, 0.84 * full)] = 20
    plane[ellipse(g, 0, 0, 0.64 * full, 0.8 * full)] = 950
    plane[ellipse(g, 0, 0, 0.58 * full, 0.74 * full)] = 36
    folds = np.sin(14 * g.x + 5 * marks[0, 0]) * np.sin(13 * g.y + 4 * z)
    brain = ellipse(g, 0, 0, 0.56 * full, 0.72 * full)
    plane[brain & (folds > 0.55)] = 42
    plane[brain & ellipse(g, 0, 0, 0.36 * full, 0.5 * full) & (folds < 0.2)] = 29
    if abs(z) < 0.45:
        for side in (-1, 1):
            plane[ellipse(g, side * 0.1, -0.05, 0.05, 0.26 - 0.3 * abs(z), side * 0.25)] = 7
    plane[brain & (np.abs(g.x) < 0.008)] = 60
    if enhanced:
        for mx, my, _ in marks[10:16]:
            dab(plane, g, (0.4 * mx, 0.5 * my), (0.015, 0.015), 180, brain)
    return plane


def _abdomen(g: Grid, z: float, marks: Plane, enhanced: bool) -> Plane:
    plane = _body(g, 0.84, 0.6)
    medium = 110.0 if enhanced else 0.0
    if z < 0.5:
        plane[ellipse(g, -0.38, -0.1, 0.38 - 0.15 * z, 0.36 - 0.12 * z, 0.3)] = 58 + medium * 0.5
    if z < 0.2:
        plane[ellipse(g, 0.55, 0.08, 0.16, 0.26)] = 50 + medium * 0.7
        plane[ellipse(g, 0.25, -0.25, 0.2, 0.16)] = 10
        plane[ellipse(g, 0.25, -0.33, 0.13, 0.06)] = _AIR
    if z > -0.5:
        for side in (-1, 1):
            plane[ellipse(g, side * 0.36, 0.28, 0.13, 0.16)] = 34 + medium
            plane[ellipse(g, side * 0.3, 0.27, 0.045, 0.06)] = -60
    for mx, my, size in marks[20:34]:  # loops of bowel
        x, y = 0.5 * mx, -0.25 + 0.22 * my
        dab(plane, g, (x, y), (0.07, 0.05), 25)
        if size > 0.3:
            dab(plane, g, (x, y - 0.01), (0.035, 0.025), _AIR)
    plane[ellipse(g, 0.05, 0.2, 0.05, 0.05)] = 42 + medium * 1.8
    plane[ellipse(g, -0.07, 0.2, 0.05, 0.04)] = 40 + medium
    _spine(plane, g, 0.34)
    return plane


_PARTS: Final[dict[str, Callable[[Grid, float, Plane, bool], Plane]]] = {
    "CHEST": _chest,
    "HEAD": _head,
    "ABDOMEN": _abdomen,
}
