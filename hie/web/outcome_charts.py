"""Charts of outcomes as SVG made on the server: a funnel of bars, rates by month as lines.

Each has a table beside it on the page; a chart is a picture with a label. Nothing here is computed
with: a number that is not known is not drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hie.web.trend_chart import point_of

_WIDTH, _HEIGHT = 720, 216
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 600, 14, 190


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name, and a share (0 to 1) for each month; None where there is none."""

    name: str
    values: tuple[float | None, ...]


def bar(share: float) -> Markup:
    """A bar that is as long as the share (0 to 1) of the widest one."""
    width = min(max(share, 0), 1) * 300
    return Markup(
        '<svg class="fbar" width="300" height="18" viewBox="0 0 300 18" aria-hidden="true">'
        '<rect x="0" y="1" width="{:.1f}" height="16" rx="3"/></svg>'
    ).format(width)


def monthly(months: Sequence[str], series: Sequence[Series], label: str) -> Markup:
    """Shares by month; empty with fewer than two months, or without a value."""
    known = [value for one in series for value in one.values if value is not None]
    if len(months) < 2 or not known:
        return Markup("")
    top = max(0.2, -(-max(known) * 10 // 2) / 5)  # the next fifth above

    def x(n: int) -> float:
        return _LEFT + n / (len(months) - 1) * (_RIGHT - _LEFT)

    def y(value: float) -> float:
        return _BOTTOM - value / top * (_BOTTOM - _TOP)

    steps = [top * n / 4 for n in range(5)]
    grid = Markup("").join(
        Markup('<path class="grid" d="M{} {:.1f}H{}"/><text class="tk" x="{}" y="{:.1f}" '
               'text-anchor="end">{:.0f}%</text>').format(
            _LEFT, y(step), _RIGHT, _LEFT - 8, y(step) + 3.5, step * 100)
        for step in steps
    )  # fmt: skip
    every = max(1, -(-len(months) // 8))
    ticks = Markup("").join(
        Markup('<text class="tk" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            x(n), _BOTTOM + 18, month
        )
        for n, month in enumerate(months)
        if n % every == 0
    )
    lines = Markup("").join(_line(one, number, months, x, y) for number, one in enumerate(series))
    return Markup(
        '<svg class="line" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>'
    ).format(_WIDTH, _HEIGHT, label, grid, ticks, lines)


def _line(
    one: Series,
    number: int,
    months: Sequence[str],
    x: Callable[[int], float],
    y: Callable[[float], float],
) -> Markup:
    """A line, broken where a month has no value, and its name beside the last one.

    Each point says its month and share when it is pointed at or focused.
    """
    points = [(x(n), y(v)) for n, v in enumerate(one.values) if v is not None]
    if not points:
        return Markup("")
    runs: list[list[str]] = [[]]
    for n, value in enumerate(one.values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{x(n):.1f} {y(value):.1f}")
    path = "".join("M" + "L".join(run) for run in runs if run)
    dots = Markup("").join(
        point_of(
            Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"/>').format(x(n), y(value)),
            f"o{number}-{n}",
            f"{one.name} · {months[n]} · {value * 100:.1f}%",
        )
        for n, value in enumerate(one.values)
        if value is not None
    )
    last = points[-1]
    return Markup(
        '<g class="o{}"><path d="{}"/>{}<text class="sl" x="{:.1f}" y="{:.1f}">{}</text></g>'
    ).format(number, path, dots, last[0] + 8, last[1] + 3.5, one.name)
