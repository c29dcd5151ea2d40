"""Nuclear medicine of an invented body: counts of a bone scan, and slices of a PET."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hie.synthetic.imaging.geometry import chance, depth, ellipse, grid, smoothed

PET_SIDE: Final = 96


def bone_scan(*subject: object) -> NDArray[Any]:
    """Whole body from the front and from behind (2, 512, 128): counts, 16 bit."""
    g = grid(512, 128)
    fate = chance("bone", *subject)
    activity = 0.25 * depth(g, 0, -0.1, 0.7, 0.9)
    activity += 1.6 * depth(g, 0, -0.87, 0.3, 0.1)
    activity += 0.9 * depth(g, 0, -0.2, 0.09, 0.55) + 0.9 * depth(g, 0, 0.12, 0.5, 0.1)
    for side in (-1, 1):
        activity += 0.7 * depth(g, side * 0.3, 0.5, 0.12, 0.4)
        activity += 0.6 * depth(g, side * 0.72, -0.3, 0.09, 0.35)
        activity += 0.8 * depth(g, side * 0.6, -0.66, 0.16, 0.05)
        for rib in range(8):
            activity += 0.3 * depth(g, side * 0.3, -0.6 + 0.06 * rib, 0.3, 0.015)
    front, back = activity + 1.5 * depth(g, 0, 0.2, 0.16, 0.04), activity * 1.1
    return np.stack(
        [fate.poisson(smoothed(view.astype(np.float32), 3) * 60) for view in (front, back)]
    ).astype(np.uint16)


def pet_slices(count: int, *subject: object) -> list[NDArray[Any]]:
    """`count` axial slices of the chest after glucose: heart bright, one small hot spot."""
    g = grid(PET_SIDE, PET_SIDE)
    fate = chance("pet", *subject)
    x, y, at = fate.uniform(-0.3, 0.3, size=3)
    found = []
    for z in np.linspace(-1, 1, count):
        uptake = 0.4 * depth(g, 0, 0, 0.86, 0.62)
        uptake -= 0.2 * (ellipse(g, -0.42, 0, 0.3, 0.4) | ellipse(g, 0.42, 0, 0.3, 0.4))
        if z > -0.2:
            uptake += 1.8 * depth(g, 0.12, -0.12, 0.2, 0.18)
        if abs(z - at) < 0.15:
            uptake += 2.2 * depth(g, 0.4 + x / 3, y, 0.05, 0.05)
        counts = fate.poisson(smoothed(np.clip(uptake, 0, None).astype(np.float32), 2) * 400)
        found.append(counts.astype(np.uint16))
    return found
