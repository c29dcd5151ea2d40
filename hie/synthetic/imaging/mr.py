"""Magnetic resonance of an invented head: three weightings of one set of tissues."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hie.synthetic.imaging.geometry import Grid, Plane, chance, ellipse, grid, noise, smoothed

SIDE: Final = 160
# Signal of scalp fat, skull, grey and white matter, fluid, lesion, vessel after medium.
WEIGHTINGS: Final = {
    "T1W": (820, 60, 380, 500, 120, 300, 380),
    "T2W": (700, 60, 520, 380, 950, 760, 300),
    "FLAIR": (640, 60, 480, 400, 90, 780, 300),
    "T1W+C": (820, 60, 390, 510, 120, 620, 900),
}


def slices(weighting: str, count: int, *subject: object) -> list[NDArray[Any]]:
    """`count` axial slices of the head in one weighting; the same subject has the same head."""
    g = grid(SIDE, SIDE)
    marks = chance("mr", *subject).uniform(-1, 1, size=(24, 3)).astype(np.float32)
    fate = chance("mr", weighting, *subject)
    field = 1 + np.float32(0.12) * g.x - np.float32(0.08) * g.y  # the coil is nearer on one side
    found = []
    for z in np.linspace(-0.9, 0.9, count):
        signal = _table(weighting)[_tissues(g, float(z), marks)] * field
        grainy = smoothed(signal) + noise(fate, signal.shape, 11.0)
        found.append(np.clip(np.rint(np.abs(grainy)), 0, 4095).astype(np.uint16))
    return found


def _table(weighting: str) -> Plane:
    return np.array((8, *WEIGHTINGS[weighting]), np.float32)


def _tissues(g: Grid, z: float, marks: Plane) -> NDArray[np.uint8]:
    """For each pixel the number of its tissue, as WEIGHTINGS lists them; 0 is air."""
    full = float(np.sqrt(max(0.1, 1 - (z * 0.9) ** 2)))
    tissue = np.zeros(g.shape, np.uint8)
    tissue[ellipse(g, 0, 0, 0.7 * full, 0.86 * full)] = 1
    tissue[ellipse(g, 0, 0, 0.66 * full, 0.82 * full)] = 2
    tissue[ellipse(g, 0, 0, 0.62 * full, 0.78 * full)] = 5
    brain = ellipse(g, 0, 0, 0.59 * full, 0.75 * full)
    tissue[brain] = 3
    folds = np.sin(12 * g.x + 5 * marks[0, 0] + 2 * z) * np.sin(11 * g.y + 4 * marks[1, 0])
    tissue[brain & ellipse(g, 0, 0, 0.5 * full, 0.66 * full) & (folds < 0.45)] = 4
    if abs(z) < 0.5:
        for side in (-1, 1):
            wide, high = 0.055, 0.3 - 0.3 * abs(z)
            tissue[ellipse(g, side * 0.11, -0.04, wide, high, side * 0.2)] = 5
            tissue[ellipse(g, side * 0.22, 0.02, 0.07, 0.12)] = 3
    tissue[brain & (np.abs(g.x) < 0.01)] = 5
    for mx, my, mz in marks[4:10]:  # small lesions of the white matter
        if abs(z - mz) < 0.2:
            tissue[brain & ellipse(g, 0.3 * mx, 0.45 * my, 0.025, 0.02)] = 6
    for mx, my, _ in marks[10:18]:
        tissue[brain & ellipse(g, 0.5 * mx, 0.66 * my, 0.012, 0.012)] = 7
    return tissue
