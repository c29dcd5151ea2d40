"""The trend of one item over laboratories, as SVG made on the server.

True time axis, value axis with name and unit, the range each laboratory printed (it steps where
the laboratory or its range changes), a mark where the method changes, a shape for each source. A
point says its exact value when it is pointed at or focused. No style attributes; numbers are
drawn, never computed with.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from markupsafe import Markup

from hie.web.axes import tick_text, time_ticks, value_ticks
from hie.web.charts import px, shape
from hie.web.language import Language

_WIDTH, _HEIGHT = 690, 222
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 676, 24, 190
_LETTERS: Final = 6.5  # width of a letter of 11 px, about; a Chinese one is twice as wide
MOST: Final = 40  # points of one trend: more lie upon each other


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One result: when, how much, whose (`source`: its number), and all of it in words.

    `text` is the value in figures. `open`: the value is a limit (<0.5), drawn hollow. `low`, `high`
    are the printed interval, `interval` in words; `method` "" is not known.
    """

    at_us: int
    value: float
    source: int
    said: str
    laboratory: str
    text: str = ""
    open: bool = False
    low: float | None = None
    high: float | None = None
    interval: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The chart around the points: its span, the item's time limit, and its words."""

    start_us: int
    end_us: int
    lang: Language
    name: str  # what the value axis is of, with the unit
    label: str  # the whole chart, for who does not see it
    window_us: int | None = None  # how long a result may stand in


Scale = Callable[[float], float]


def trend(points: Sequence[TrendPoint], frame: Frame) -> Markup:
    """The chart; empty without a point. Of very many the newest are drawn."""
    drawn = sorted(points, key=lambda point: point.at_us)[-MOST:]
    if not drawn:
        return Markup("")
    ends = [n for p in drawn for n in (p.value, p.low, p.high) if n is not None]
    room = (max(ends) - min(ends)) * 0.04  # no range ends upon the frame
    ticks = value_ticks(min(ends) - room, max(ends) + room)
    start, end = min(frame.start_us, drawn[0].at_us), max(frame.end_us, drawn[-1].at_us)
    start -= (end - start) // 60  # no point lies upon the axis
    span, height = (end - start) or 1, (ticks[-1] - ticks[0]) or 1

    def x(at_us: float) -> float:
        return _LEFT + (at_us - start) / span * (_RIGHT - _LEFT)

    def y(value: float) -> float:
        return _BOTTOM - (value - ticks[0]) / height * (_BOTTOM - _TOP)

    line = "L".join(f"{px(x(p.at_us))} {px(y(p.value))}" for p in drawn)
    parts = [
        Markup('<text class="al" x="0" y="11">{}</text>').format(frame.name),
        *_grid(ticks, y),
        *_times(start, end, frame.lang, x),
        *_window(frame, x),
        *_bands(drawn, ticks, x, y),
        *_methods(drawn, x),
        Markup('<path class="ln" d="M{}"/>').format(line),
        *(_point(n, p, x, y) for n, p in enumerate(drawn)),
        _newest(drawn[-1], x, y),
    ]
    return Markup(
        '<svg class="trend" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDTH, _HEIGHT, frame.label, Markup("").join(parts))


def point_of(mark: Markup, key: str, said: str) -> Markup:
    """A mark that can be focused and then says its exact value, at the head of the chart."""
    return Markup(
        '<g tabindex="0" class="pt" role="img" aria-labelledby="{0}">{1}'
        '<text id="{0}" class="tip" x="{2}" y="11">{3}</text></g>'
    ).format(key, mark, _RIGHT, said)


def _grid(ticks: Sequence[float], y: Scale) -> Iterator[Markup]:
    step = ticks[1] - ticks[0]
    for tick in ticks:
        yield Markup(
            '<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
        ).format(_LEFT, px(y(tick)), _RIGHT, _LEFT - 8, px(y(tick) + 3.5), tick_text(tick, step))


def _times(start: int, end: int, lang: Language, x: Scale) -> Iterator[Markup]:
    for at_us, text in time_ticks(start, end, lang):
        if start <= at_us <= end:
            yield Markup(
                '<path class="grid" d="M{} {}v4"/>'
                '<text x="{}" y="{}" text-anchor="middle">{}</text>'
            ).format(px(x(at_us)), _BOTTOM, px(x(at_us)), _BOTTOM + 18, text)


def _window(frame: Frame, x: Scale) -> Iterator[Markup]:
    """The time in which a result may stand in today."""
    if frame.window_us is not None:
        left = max(x(frame.end_us - frame.window_us), _LEFT)
        yield Markup('<rect class="win" x="{}" y="{}" width="{}" height="{}"/>').format(
            px(left), _TOP, px(max(x(frame.end_us) - left, 1)), _BOTTOM - _TOP
        )


def _bands(
    drawn: Sequence[TrendPoint], ticks: Sequence[float], x: Scale, y: Scale
) -> Iterator[Markup]:
    """The printed range of each laboratory, from halfway before its first to after its last."""
    runs = [list(run) for _, run in groupby(drawn, lambda p: (p.laboratory, p.low, p.high))]
    for n, run in enumerate(runs):
        first, low, high = run[0], run[0].low, run[0].high
        if low is None and high is None:
            continue
        left = x((runs[n - 1][-1].at_us + first.at_us) / 2) if n else float(_LEFT)
        last = n + 1 == len(runs)
        right = float(_RIGHT) if last else x((run[-1].at_us + runs[n + 1][0].at_us) / 2)
        top, bottom = y(ticks[-1] if high is None else high), y(ticks[0] if low is None else low)
        yield Markup('<rect class="ref" x="{}" y="{}" width="{}" height="{}"/>').format(
            px(left), px(top), px(max(right - left, 0)), px(max(bottom - top, 1))
        )
        if _width(first.interval) + 10 < right - left:
            yield Markup('<text x="{}" y="{}">{}</text>').format(
                px(left + 5), px(min(bottom, _BOTTOM) - 5), first.interval
            )


def _methods(drawn: Sequence[TrendPoint], x: Scale) -> Iterator[Markup]:
    """A dashed mark where the method changes, halfway between; its name where there is room."""
    known = [point for point in drawn if point.method]
    free = float(_LEFT)
    for before, after in pairwise(known):
        if before.method == after.method:
            continue
        at = x((before.at_us + after.at_us) / 2)
        yield Markup('<path class="mth" d="M{} {}V{}"/>').format(px(at), _TOP, _BOTTOM)
        text = f"{before.method} → {after.method}"
        if at >= free and at + 5 + _width(text) <= _WIDTH:
            yield Markup('<text class="ml" x="{}" y="{}">{}</text>').format(
                px(at + 5), _TOP + 11, text
            )
            free = at + 5 + _width(text)
        elif at - 5 - _width(text) >= free:
            yield Markup('<text class="ml" x="{}" y="{}" text-anchor="end">{}</text>').format(
                px(at - 5), _TOP + 11, text
            )
            free = at


def _point(n: int, point: TrendPoint, x: Scale, y: Scale) -> Markup:
    mark = shape(point.source, x(point.at_us), y(point.value), 4.6, hollow=point.open)
    return point_of(mark, f"p{n}", point.said)


def _newest(point: TrendPoint, x: Scale, y: Scale) -> Markup:
    """The newest value in figures, beside its point and inside the chart."""
    above, left = y(point.value) - 8 > _TOP + 10, x(point.at_us) - 7
    is_left = left - _width(point.text) > _LEFT
    return Markup(
        '<text class="vl" x="{}" y="{}" text-anchor="{}" aria-hidden="true">{}</text>'
    ).format(
        px(left if is_left else left + 14),
        px(y(point.value) + (-8 if above else 18)),
        "end" if is_left else "start",
        point.text,
    )


def _width(text: str) -> float:
    return sum(_LETTERS if ord(letter) < 0x2E80 else _LETTERS * 1.8 for letter in text)
