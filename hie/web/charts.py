"""Small charts as SVG made on the server: a range bar and a sparkline.

No style attributes (the content security policy refuses them): shapes carry classes of `hub.css`.
Numbers are drawn, never computed with: binary floats are fine for pixels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

SHAPES = ("circle", "square", "diamond", "triangle")


@dataclass(frozen=True, slots=True)
class Point:
    """One result on a sparkline: instant (any increasing unit), value, and its source's number."""

    at: float
    value: float
    source: int


def shape(source: int, x: float = 6, y: float = 6, r: float = 4, *, hollow: bool = False) -> Markup:
    """The mark of a source as SVG: its shape and colour class; both repeat after four.

    `hollow`: of what is no more than a limit.
    """
    kind = SHAPES[source % 4]
    css = f"s{source % 4}{' o' if hollow else ''}"
    if kind == "circle":
        return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" class="{}"/>').format(
            x, y, r, css
        )
    if kind == "square":
        side = r * 1.8
        return Markup(
            '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"/>'
        ).format(x - side / 2, y - side / 2, side, side, css)
    if kind == "diamond":
        d = r * 1.2
        path = f"M{x:.1f} {y - d:.1f}l{d:.1f} {d:.1f}l{-d:.1f} {d:.1f}l{-d:.1f} {-d:.1f}z"
    else:
        path = f"M{x:.1f} {y - r * 1.1:.1f}l{r * 1.2:.1f} {r * 2.1:.1f}h{-r * 2.4:.1f}z"
    return Markup('<path d="{}" class="{}"/>').format(path, css)


def range_bar(value: float, low: float | None, high: float | None) -> Markup:
    """Where a value lies against its printed interval; empty when there is no interval."""
    if low is None and high is None:
        return Markup("")
    if low is None:
        bottom, top = min(0.0, (high or 0.0) * 2), high or 0.0
    elif high is None:
        bottom, top = low, low + (abs(low) or abs(value) * 1.5 or 1.0)
    else:
        bottom, top = min(low, high), max(low, high)
    span = top - bottom if top - bottom > 1e-300 else 1.0
    start, end = bottom - span * 0.6, top + span * 0.6
    scale = 80 / (end - start)

    def at(number: float) -> float:
        return 2 + (min(max(number, start), end) - start) * scale

    css = (
        "hi"
        if high is not None and value > high
        else "lo"
        if low is not None and value < low
        else "in"
    )
    return Markup(
        '<svg class="rbar" viewBox="0 0 84 14" aria-hidden="true">'
        '<rect x="0" y="6" width="84" height="2" rx="1" class="axis"/>'
        '<rect x="{:.1f}" y="4.5" width="{:.1f}" height="5" rx="2.5" class="norm"/>'
        '<circle cx="{:.1f}" cy="7" r="4" class="{}"/></svg>'
    ).format(at(bottom), at(top) - at(bottom), at(value), css)


def sparkline(points: Sequence[Point], low: float | None, high: float | None, label: str) -> Markup:
    """Results over true time with the newest marked; empty with fewer than two results."""
    if len(points) < 2:
        return Markup("")
    times = [point.at for point in points]
    values = [point.value for point in points] + [n for n in (low, high) if n is not None]
    first, last, least, most = min(times), max(times), min(values), max(values)

    def x(at: float) -> float:
        return 5 + (at - first) / ((last - first) or 1) * 82

    def y(value: float) -> float:
        return 22 - (value - least) / ((most - least) or 1) * 18

    band = Markup("")
    if low is not None or high is not None:
        top = y(high if high is not None else most)
        bottom = y(low if low is not None else least)
        band = Markup('<rect x="0" y="{:.1f}" width="92" height="{:.1f}" class="band"/>').format(
            top, max(bottom - top, 1)
        )
    ordered = sorted(points, key=lambda point: point.at)
    line = "M" + "L".join(f"{x(point.at):.1f} {y(point.value):.1f}" for point in ordered)
    newest = ordered[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 92 26" role="img" aria-label="{}">'
        '{}<path d="{}" class="ln"/>{}{}</svg>'
    ).format(
        label,
        band,
        line,
        Markup("").join(_dots(ordered[:-1], x, y)),
        shape(newest.source, x(newest.at), y(newest.value), 3),
    )


def _dots(
    points: Sequence[Point], x: Callable[[float], float], y: Callable[[float], float]
) -> Iterator[Markup]:
    """The older results: one path of round dots for each source, which is short."""
    for source in sorted({point.source % 4 for point in points}):
        mine = (point for point in points if point.source % 4 == source)
        dots = "".join(f"M{x(point.at):.1f} {y(point.value):.1f}h0" for point in mine)
        yield Markup('<path d="{}" class="d{}"/>').format(dots, source)
