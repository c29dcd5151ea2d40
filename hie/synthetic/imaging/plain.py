"""Plain radiographs and mammograms of an invented body: thickness summed along the ray."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hie.synthetic.imaging.geometry import Grid, Plane, chance, depth, ellipse, grid, noise, stored

TOP: Final = 4095
_ROWS: Final = 384


def chest(view: str, *subject: object) -> NDArray[Any]:
    """A chest from behind (PA) or from the left (LL), bone bright, with its side marker."""
    g = grid(_ROWS, _ROWS)
    fate = chance("xray", view, *subject)
    density = _from_behind(g, fate) if view == "PA" else _from_the_side(g)
    return _film(g, density, fate, "R" if view == "PA" else "L")


def knee(side: str, view: str, *subject: object) -> NDArray[Any]:
    """A knee from the front (AP) or the side (LL), with the joint in the middle."""
    g = grid(_ROWS, _ROWS)
    fate = chance("knee", side, view, *subject)
    lean = 0.03 if side == "L" else -0.03
    density = 0.9 * depth(g, 0, 0, 0.55, 2.0)
    density += 0.9 * depth(g, lean, -0.75, 0.2, 0.8) + 0.5 * depth(g, lean, -0.14, 0.34, 0.2)
    density += 0.9 * depth(g, -lean, 0.78, 0.17, 0.8) + 0.5 * depth(g, -lean, 0.12, 0.34, 0.15)
    if view == "LL":
        density += 0.5 * depth(g, -0.38, -0.12, 0.1, 0.16)
    return _film(g, density, fate, side)


def breast(side: str, view: str, *subject: object) -> NDArray[Any]:
    """One breast, CC or MLO, chest wall at the edge of the picture, tissue bright."""
    g = grid(448, 336)
    fate = chance("breast", side, *subject)
    marks = fate.uniform(-1, 1, size=(90, 3)).astype(np.float32)
    inwards = g.x if side == "L" else -g.x
    turned = Grid(inwards, g.y)
    high = 0.72 if view == "CC" else 0.82
    tissue = depth(turned, -1, 0.05, 1.45, high)
    density = 0.55 * tissue
    for mx, my, size in marks:  # strands of gland
        x, y = -0.35 + 0.45 * mx, 0.05 + 0.4 * my
        density += 0.16 * depth(turned, x, y, 0.05 + 0.1 * abs(size), 0.03) * (tissue > 0.25)
    density += 0.25 * depth(turned, -0.4, 0.05, 0.6, 0.45)
    if view == "MLO":
        muscle = (turned.y < -0.15 - 1.3 * (turned.x + 0.95)) & (turned.x < -0.2)
        density = np.where(muscle, density + np.float32(0.45), density)
    for mx, my, size in marks[:4]:  # a few round, harmless calcifications
        if size > 0:
            spot = ellipse(turned, -0.4 + 0.3 * mx, 0.3 * my, 0.01, 0.008)
            density = np.where(spot, np.float32(1.3), density)
    density += noise(fate, g.shape, 0.012) * (tissue > 0)
    return stored(density * 2600, TOP)


def _from_behind(g: Grid, fate: np.random.Generator) -> Plane:
    density = 0.9 * depth(g, 0, 0.15, 1.05, 1.6)
    for side in (-1, 1):
        density -= 0.72 * depth(g, side * 0.42, -0.05, 0.33, 0.66)
        density += 0.22 * depth(g, side * 0.5, -0.72, 0.42, 0.045)
        density += 0.25 * depth(g, side * 0.36, 0.98, 0.5, 0.35)
        for rib in range(9):
            y = -0.68 + 0.15 * rib
            slope = y + 0.1 * np.abs(g.x)
            near = np.abs(g.y - slope) < 0.02
            density += 0.1 * (near & (np.abs(g.x) < 0.78) & (side * g.x > 0.08))
        for mx, my in fate.uniform(-1, 1, size=(26, 2)):
            density += 0.07 * depth(g, side * (0.3 + 0.2 * mx), 0.1 + 0.35 * my, 0.02, 0.05)
    density += 0.5 * depth(g, 0, 0, 0.11, 1.8)
    density += 0.55 * depth(g, 0.14, 0.28, 0.34, 0.32) + 0.3 * depth(g, 0.08, -0.15, 0.12, 0.3)
    return density.astype(np.float32)


def _from_the_side(g: Grid) -> Plane:
    density = 0.9 * depth(g, 0, 0.15, 0.85, 1.6)
    density -= 0.7 * depth(g, -0.05, -0.05, 0.5, 0.75)
    density += 0.45 * depth(g, 0.5, 0.1, 0.14, 1.5)
    density += 0.5 * depth(g, -0.22, 0.3, 0.34, 0.3)
    for rib in range(9):
        near = np.abs(g.y - (-0.6 + 0.16 * rib) - 0.25 * g.x) < 0.02
        density += 0.08 * (near & (np.abs(g.x) < 0.6))
    return density.astype(np.float32)


_LETTERS: Final = {
    "L": ("#..", "#..", "#..", "#..", "###"),
    "R": ("##.", "#.#", "##.", "#.#", "#.#"),
}


def _film(g: Grid, density: Plane, fate: np.random.Generator, letter: str) -> NDArray[Any]:
    picture = density * 2100 + noise(fate, g.shape, 22.0) + 250
    rows = np.array([[cell == "#" for cell in row] for row in _LETTERS[letter]])
    mark = np.kron(rows, np.ones((5, 5), bool))
    column = 24 if letter == "R" else g.shape[1] - 40
    picture[24 : 24 + mark.shape[0], column : column + mark.shape[1]][mark] = TOP
    return stored(picture, TOP)
