"""How much came in each hour, as bars; the same numbers stand in a table of the page."""

from collections.abc import Sequence

from markupsafe import Markup

_WIDTH, _HEIGHT, _STEP, _BAR = 95, 24, 4, 3


def hourly(counts: Sequence[int], label: str, *, is_ill: bool = False) -> Markup:
    """A bar for each hour, the newest on the right; an hour without any is a low line."""
    most = max(counts, default=0) or 1
    bars = Markup("").join(_bar(n, count / most) for n, count in enumerate(counts))
    css = "hours ill" if is_ill else "hours"
    return Markup(
        '<svg class="{}" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        "{}</svg>"
    ).format(css, _WIDTH, _HEIGHT, _WIDTH, _HEIGHT, label, bars)


def _bar(place: int, share: float) -> Markup:
    height = max(share * _HEIGHT, 1)
    return Markup('<rect x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>').format(
        place * _STEP, _HEIGHT - height, _BAR, height
    )
