"""What a search works on, and what it gives: the rows in sight, and one page of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hie.store.search.sql import Conditions
from hie.store.served import Stored
from hie.store.visible import Visible


class Page(NamedTuple):
    """One page of matches, where the next begins (None: nowhere), and the total if asked.

    `counted`: the patient whose rows were counted, and whether they may have rules of Consents.
    """

    matches: Sequence[Stored]
    following: list[Any] | None
    total: int | None
    counted: Mapping[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """The rows that may be seen and meet what an index answers, as SQL."""

    seen: Visible
    sql: Conditions
    where: list[str]
