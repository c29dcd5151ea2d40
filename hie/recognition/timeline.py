"""What something was from which day on: values that begin on a day of Asia/Shanghai.

A value holds from its day until the day before the next one begins; None is nothing.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """`states[n]` holds from `days[n]` on; `days` rise."""

    days: tuple[date, ...]
    states: tuple[T | None, ...]

    def on(self, day: date) -> T | None:
        """What holds on a day; None before the first one."""
        place = bisect_right(self.days, day)
        return self.states[place - 1] if place else None

    @property
    def latest(self) -> T | None:
        """The last state that is something."""
        return next((state for state in reversed(self.states) if state is not None), None)
