"""Shapes on a grid, and noise that repeats: what the phantoms are drawn with.

A grid holds, for each pixel, how far right (`x`) and down (`y`) it lies, from -1 to 1 across the
picture. A shape is where its formula holds; later shapes paint over earlier ones.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hie.synthetic.dice import dice

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """Coordinates of the pixels of one picture."""

    x: Plane
    y: Plane

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.x.shape
        return rows, columns


def grid(rows: int, columns: int) -> Grid:
    """A grid of so many rows and columns."""
    y, x = np.meshgrid(
        np.linspace(-1, 1, rows, dtype=np.float32),
        np.linspace(-1, 1, columns, dtype=np.float32),
        indexing="ij",
    )
    return Grid(x, y)


def ellipse(g: Grid, x: float, y: float, wide: float, high: float, turn: float = 0.0) -> Mask:
    """Inside an ellipse: centre, half axes, and its turn in radians."""
    dx, dy = g.x - x, g.y - y
    if turn:
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        dx, dy = c * dx + s * dy, c * dy - s * dx
    inside: Mask = (dx / wide) ** 2 + (dy / high) ** 2 <= 1
    return inside


def ring(g: Grid, x: float, y: float, wide: float, high: float, thick: float) -> Mask:
    """Between an ellipse and a smaller one of the same centre."""
    inner = ellipse(g, x, y, max(wide - thick, 0.01), max(high - thick, 0.01))
    return ellipse(g, x, y, wide, high) & ~inner


def dab(
    plane: Plane,
    g: Grid,
    at: tuple[float, float],
    size: tuple[float, float],
    value: float,
    within: Mask | None = None,
) -> None:
    """Paint a small ellipse, looking only at the pixels around it."""
    rows, columns = g.shape
    (x, y), (wide, high) = at, size
    left, right = (int((x + s * wide + 1) / 2 * (columns - 1) + s + 0.5) for s in (-1, 1))
    top, bottom = (int((y + s * high + 1) / 2 * (rows - 1) + s + 0.5) for s in (-1, 1))
    box = slice(max(top, 0), max(bottom + 1, 0)), slice(max(left, 0), max(right + 1, 0))
    inside = ((g.x[box] - x) / wide) ** 2 + ((g.y[box] - y) / high) ** 2 <= 1
    if within is not None:
        inside &= within[box]
    plane[box][inside] = value


def depth(g: Grid, x: float, y: float, wide: float, high: float) -> Plane:
    """How thick an ellipsoid is where a ray passes: 1 in its middle, 0 outside (projections)."""
    inside = 1 - ((g.x - x) / wide) ** 2 - ((g.y - y) / high) ** 2
    found: Plane = np.sqrt(np.clip(inside, 0, 1)).astype(np.float32)
    return found


def chance(*subject: object) -> np.random.Generator:
    """Numbers by chance that are the same for the same subject, on any machine."""
    return np.random.Generator(np.random.PCG64(dice(*subject).getrandbits(64)))


def noise(fate: np.random.Generator, shape: tuple[int, ...], spread: float) -> Plane:
    """Noise of about this standard deviation: the sum of four even draws, which is fast."""
    drawn = fate.integers(0, 256, size=(4, *shape), dtype=np.uint8).astype(np.float32)
    found: Plane = (drawn.sum(axis=0) - 510) * np.float32(spread / 148)
    return found


def smoothed(plane: Plane, times: int = 1) -> Plane:
    """Blurred by its neighbours, so that edges look measured and not cut."""
    for _ in range(times):
        padded = np.pad(plane, 1, mode="edge")
        plane = (
            padded[1:-1, 1:-1] * 4
            + padded[:-2, 1:-1] * 2
            + padded[2:, 1:-1] * 2
            + padded[1:-1, :-2] * 2
            + padded[1:-1, 2:] * 2
            + padded[:-2, :-2]
            + padded[:-2, 2:]
            + padded[2:, :-2]
            + padded[2:, 2:]
        ) / np.float32(16)
    return plane


def stored(plane: Plane, top: int) -> NDArray[Any]:
    """As unsigned 16-bit numbers from 0 to `top`."""
    return np.clip(np.rint(plane), 0, top).astype(np.uint16)
