"""The arguments of a statement that is put together from parts, numbered as they come."""

from typing import Any

from hie.store.session import Reader


class Arguments:
    """The arguments of a statement, numbered from `first`; a value twice is one argument."""

    def __init__(self, reader: Reader, first: int) -> None:
        self.reader = reader
        self.values: list[Any] = []
        self._first = first

    def add(self, value: Any) -> str:
        """The argument's number as SQL."""
        for place, known in enumerate(self.values):
            if type(known) is type(value) and known == value:
                return f"${self._first + place}"
        self.values.append(value)
        return f"${self._first + len(self.values) - 1}"

    def among(self, column: str, values: frozenset[str]) -> str:
        """The column is one of these."""
        if not values:
            return "1 = 0"
        self.values.append(self.reader.db.array(sorted(values)))
        return self.reader.db.among(column, self._first + len(self.values) - 1)
