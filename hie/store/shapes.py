"""What a caller may see as SQL, put together once for each shape of restriction.

Two requests of one caller differ by the instant, by the patients asked about and by the homes named
for this one call, and the text is long. What differs is marked in the arguments of a kept text, and
filled in.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hie.access.restriction import Restriction
from hie.store.session import Reader

Made = tuple[str, tuple[Any, ...]]  # SQL, and its arguments
Key = tuple[Any, ...]  # what the text depends on beside the restriction and the dialect

_MOST = 4096
_REACHED, _ASKED = -1, -2  # no instants
HOME = "\x00whose"  # stands for the patient, or the patients, a text is about
_NAMED = {name: frozenset({f"\x00{name}"}) for name in ("homes", "opened", "declared")}


class Shapes:
    """Texts by their shape; when there are too many, all are made anew."""

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[str, tuple[Any, ...], tuple[tuple[int, str], ...]]] = {}

    def filled(
        self,
        reader: Reader,
        restriction: Restriction,
        key: Key,
        make: Callable[[Restriction], Made],
        whose: Any = None,
    ) -> Made:
        """What `make` makes of this restriction; `whose` stands where it put `HOME`."""
        varies = restriction.homes or restriction.opened or restriction.declared
        shape = _marked(restriction) if varies else restriction
        reach, asks = restriction.reach, restriction.asks
        is_one = reach is not None and asks is not None and reach.at_us == asks.at_us
        whole = (reader.db.dialect, key, shape, is_one)
        found = self._kept.get(whole)
        if found is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            found = self._kept[whole] = _shaped(reader, make(_timeless(shape, is_one=is_one)))
        sql, values, places = found
        if not places:
            return sql, values
        args = list(values)
        for place, role in places:
            args[place] = whose if role == "whose" else _value(reader, restriction, role)
        return sql, tuple(args)


def _marked(restriction: Restriction) -> Restriction:
    """The same with marks for the homes that are named."""
    named = {name: mark for name, mark in _NAMED.items() if getattr(restriction, name)}
    return replace(restriction, **named) if named else restriction  # type: ignore[arg-type]


def _timeless(restriction: Restriction, *, is_one: bool) -> Restriction:
    """The same with marks for the instants; where both are one, it stays one argument."""
    reach, asks = restriction.reach, restriction.asks
    if reach is not None:
        restriction = replace(restriction, reach=replace(reach, at_us=_REACHED))
    if asks is not None:
        mark = _REACHED if is_one else _ASKED
        restriction = replace(restriction, asks=replace(asks, at_us=mark))
    return restriction


def _shaped(reader: Reader, made: Made) -> tuple[str, tuple[Any, ...], tuple[tuple[int, str], ...]]:
    marks: list[tuple[Any, str]] = [(_REACHED, "reach"), (_ASKED, "asks"), (HOME, "whose")]
    marks.append((reader.db.array([HOME]), "whose"))
    marks += [(reader.db.array(mark), name) for name, mark in _NAMED.items()]
    sql, values = made
    places = tuple(
        (place, role)
        for place, value in enumerate(values)
        for mark, role in marks
        if type(value) is type(mark) and value == mark
    )
    return sql, values, places


def _value(reader: Reader, restriction: Restriction, role: str) -> Any:
    if role in _NAMED:
        return reader.db.array(sorted(getattr(restriction, role)))
    asked = restriction.reach if role == "reach" else restriction.asks
    return None if asked is None else asked.at_us
