"""One measured figure, and how it is printed."""

from typing import NamedTuple


class Figure(NamedTuple):
    """A name, a value, its unit, and what the project wants of it ("" if nothing)."""

    name: str
    value: float
    unit: str
    budget: str = ""


def show(figure: Figure) -> None:
    """Print one figure on a line."""
    name, value, unit, budget = (*figure, "")[:4] if len(figure) < 4 else figure
    wanted = f"   (wanted: {budget})" if budget else ""
    print(f"  {name:58} {value:>12,.3f} {unit}{wanted}", flush=True)
