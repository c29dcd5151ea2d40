"""What a condition is: one question about a candidate, answered yes, no or not known.

A condition says nothing of what follows; the rulebook does. It is found by its function's name.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hie.recognition.facts import Facts


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Yes (`fired`), not known (`unknown`), or no; `data` are the facts it rests on, JSON values.

    `case` names a case for which the rulebook has another outcome.
    """

    fired: bool
    unknown: bool
    data: Mapping[str, Any]
    case: str | None = None


Condition = Callable[[Facts], Answer]

CONDITIONS: dict[str, Condition] = {}


def condition(function: Condition) -> Condition:
    """Let rules ask this condition by its name."""
    CONDITIONS[function.__name__] = function
    return function


def answer(
    fired: bool,
    unknown: bool = False,
    case: str | None = None,
    unknown_case: str | None = None,
    **data: Any,
) -> Answer:
    """An answer; fired goes before unknown, and facts that are not known are left out.

    `case` counts when it fired, `unknown_case` when it is unknown.
    """
    known = {name: value for name, value in data.items() if value is not None}
    if fired:
        return Answer(True, False, known, case)
    return Answer(False, unknown, known, unknown_case if unknown else None)
