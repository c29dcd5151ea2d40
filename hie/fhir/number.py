"""A JSON number that is written as it was sent.

FHIR holds 0.010 and 1.0e-2 to be one value written in two ways, and asks that the way survives
(R4 datatypes.html#decimal). A Decimal remembers its digits, but not how its exponent stood; the few
numbers that it would write otherwise are AsSent. In sums and comparisons it is a Decimal like any.
"""

from decimal import Decimal
from typing import Any, Self

import msgspec

_PLAIN = 9  # a shorter text without an exponent is what Decimal writes: 0E-7 needs nine characters


class AsSent(Decimal):
    """A Decimal with the text it came as; immutable, so that a copy is itself."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """The number that this JSON text is."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.text,)


def number(text: str) -> Decimal:
    """The number of a JSON text that has a point or an exponent; its text survives `write`."""
    if len(text) < _PLAIN and "e" not in text and "E" not in text:
        return Decimal(text)
    found = Decimal(text)
    return found if str(found) == text else AsSent(text)


def as_sent(value: Any) -> Any:
    """For encoders (`enc_hook`): the text of an AsSent. Raises TypeError for anything else."""
    if isinstance(value, AsSent):
        return msgspec.Raw(value.text.encode("ascii"))
    raise TypeError(f"{type(value).__name__} is no JSON value")


def plain(tree: Any) -> Any:
    """The same values with every number a Decimal, for checkers that know no other."""
    if isinstance(tree, dict):
        return {key: plain(part) for key, part in tree.items()}
    if isinstance(tree, list):
        return [plain(part) for part in tree]
    return Decimal(tree.text) if isinstance(tree, AsSent) else tree
