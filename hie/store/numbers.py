"""The numbers of one process's audit rows: 1, 2, 3 … without a gap.

A unit of work draws numbers; when it fails it gives them back, and the next event takes them. So a
number that is missing between two that are there is a row that was removed.
"""

import heapq


class Numbers:
    """Draws the lowest free number; not shared between threads."""

    def __init__(self) -> None:
        self._next = 1
        self._returned: list[int] = []

    def draw(self) -> int:
        """A number that no row has."""
        if self._returned:
            return heapq.heappop(self._returned)
        number = self._next
        self._next += 1
        return number

    def give_back(self, numbers: list[int]) -> None:
        """The rows with these numbers were rolled back."""
        for number in numbers:
            heapq.heappush(self._returned, number)
        numbers.clear()
