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


def px(place: float) -> str:
    """A place on a picture: a tenth of a pixel is enough, and a whole one needs no fraction."""
    return f"{place:.1f}".removesuffix(".0")


def shape(source: int, x: float = 6, y: float = 6, r: float = 4, *, hollow: bool = False) -> Markup:
    """The mark of a source as SVG: its shape and colour class; both repeat after four.

    `hollow`: of what is no more than a limit.
    """
    kind = SHAPES[source % 4]
    css = f"s{source % 4}{' o' if hollow else ''}"
    if kind == "circle":
        return Markup('<circle cx="{}" cy="{}" r="{}" class="{}"/>').format(
            px(x), px(y), px(r), css
        )
    if kind == "square":
        side = r * 1.8
        return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(
            px(x - side / 2), px(y - side / 2), px(side), px(side), css
        )
    if kind == "diamond":
        d = r * 1.2
        path = f"M{px(x)} {px(y - d)}l{px(d)} {px(d)}l{px(-d)} {px(d)}l{px(-d)} {px(-d)}z"
    else:
        path = f"M{px(x)} {px(y - r * 1.1)}l{px(r * 1.2)} {px(r * 2.1)}h{px(-r * 2.4)}z"
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
        '<path d="M1 7h82" class="axis"/><path d="M{} 7h{}" class="norm"/>'
        '<circle cx="{}" cy="7" r="4" class="{}"/></svg>'
    ).format(px(at(bottom)), px(at(top) - at(bottom)), px(at(value)), css)


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
        band = Markup('<path d="M0 {}h92v{}H0z" class="band"/>').format(
            px(top), px(max(bottom - top, 1))
        )
    ordered = sorted(points, key=lambda point: point.at)
    line = "M" + "L".join(f"{x(point.at):.0f} {y(point.value):.0f}" for point in ordered)
    newest = ordered[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 92 26" role="img" aria-label="{}">'
        '{}<path d="{}" class="ln"/>{}{}</svg>'
    ).format(
        label,
        band,
        line,
        Markup("").join(_dots(ordered[:-1], x, y)),
        shape(newest.source, round(x(newest.at)), round(y(newest.value)), 3),
    )


def _dots(
    points: Sequence[Point], x: Callable[[float], float], y: Callable[[float], float]
) -> Iterator[Markup]:
    """The older results: one path of round dots for each source, which is short."""
    for source in sorted({point.source % 4 for point in points}):
        mine = (point for point in points if point.source % 4 == source)
        dots = "".join(f"M{x(point.at):.0f} {y(point.value):.0f}h0" for point in mine)
        yield Markup('<path d="{}" class="d{}"/>').format(dots, source)
