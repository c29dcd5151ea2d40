"""Ultrasound of an invented body: a fan of speckle, in colours as the machine sends it."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hie.synthetic.imaging.geometry import Plane, chance, ellipse, grid

ROWS: Final = 240
COLUMNS: Final = 320


def frames(count: int, organ: str, *subject: object) -> NDArray[Any]:
    """`count` frames (count, ROWS, COLUMNS, 3), 8 bit; a clip moves a little with each."""
    fate = chance("sound", organ, *subject)
    shape = fate.uniform(-1, 1, size=(12, 3)).astype(np.float32)
    return np.stack([_frame(fate, shape, organ, step / max(count, 8)) for step in range(count)])


def _frame(fate: np.random.Generator, shape: Plane, organ: str, step: float) -> NDArray[Any]:
    g = grid(ROWS, COLUMNS)
    far = np.hypot(g.x * 1.2, g.y + 1.15)
    angle = np.arctan2(g.x * 1.2, g.y + 1.15)
    fan = (np.abs(angle) < 0.72) & (far > 0.28) & (far < 1.95)
    echo = np.full(g.shape, 0.42, np.float32)
    move = 0.03 * np.sin(6.28 * step)
    if organ == "THYROID":
        for side in (-1, 1):
            echo[ellipse(g, side * 0.32, -0.25 + move, 0.24, 0.16)] = 0.62
        echo[ellipse(g, 0, -0.2, 0.12, 0.12)] = 0.9
        echo[ellipse(g, 0, -0.12, 0.1, 0.16)] = 0.05
        x, y = 0.3 + 0.05 * shape[0, 0], -0.25 + 0.04 * shape[0, 1]
        echo[ellipse(g, x, y + move, 0.05, 0.035)] = 0.18
    else:  # liver with gall bladder and vessels
        echo[ellipse(g, -0.05, 0.1 + move, 0.75, 0.62, 0.2)] = 0.55
        echo[ellipse(g, 0.15, 0.12 + move, 0.15, 0.09, 0.5)] = 0.02
        for x, y, size in shape:
            echo[ellipse(g, 0.5 * x, 0.1 + 0.4 * y + move, 0.03 + 0.02 * abs(size), 0.02)] = 0.08
        echo[ellipse(g, 0, 0.75, 0.9, 0.05)] = 0.95
    speckle = fate.integers(0, 256, size=(2, *g.shape), dtype=np.uint8).astype(np.float32)
    grain = np.hypot(speckle[0] - 128, speckle[1] - 128) / np.float32(98)
    bright = np.clip(echo * (0.35 + 0.75 * grain) * (1.15 - 0.35 * far), 0, 1) * 255
    grey = np.where(fan, bright, 0).astype(np.uint8)
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    picture[6:14, 6:70] = (30, 90, 160)  # the machine's own mark, in colour
    picture[:, COLUMNS - 14 : COLUMNS - 8] = np.linspace(255, 0, ROWS).astype(np.uint8)[
        :, None, None
    ]
    return picture
