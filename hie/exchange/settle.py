"""Which of two versions of one resource stands: decided by status and time, never by arrival alone.

Late, repeated and out-of-order messages therefore settle to the same state. A lower status never
overwrites a higher one; of equal rank the later release wins, then the later message, then the
later arrival (reference rule: HL7 status codes of OBX-11 and OBR-25, ordered).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hie.fhir import Resource

RANK = {
    "registered": 0,
    "unknown": 0,
    "preliminary": 1,
    "partial": 2,
    "final": 3,
    "appended": 3,
    "amended": 4,
    "corrected": 4,
    "cancelled": 5,
    "entered-in-error": 5,
}


class Settled(StrEnum):
    """What becomes of an incoming version."""

    NEW = "new"  # nothing was there
    REPLACES = "replaces"  # it becomes the current version
    UNCHANGED = "unchanged"  # it says what is already there
    LATE = "late"  # it is kept in history; the current version stays


@dataclass(frozen=True, slots=True)
class Standing:
    """What orders two versions: status, release, and the sender's message time (microseconds)."""

    status: str | None
    issued_us: int | None
    sent_us: int | None


def settle(
    existing: Resource | None, incoming: Resource, was: Standing | None, now: Standing
) -> Settled:
    """Whether the incoming version is new, replaces, repeats or comes late."""
    if existing is None or was is None:
        return Settled.NEW
    if same_content(existing, incoming):
        return Settled.UNCHANGED
    return Settled.REPLACES if _order(now) >= _order(was) else Settled.LATE


def _order(standing: Standing) -> tuple[int, int, int]:
    rank = RANK.get(standing.status or "", 3)
    return (rank, standing.issued_us or 0, standing.sent_us or 0)


def same_content(one: Resource, other: Resource) -> bool:
    """Whether two versions say the same, whatever message brought them.

    Decimal text counts: 5.10 and 5.1 differ.
    """
    return bool(_content(one) == _content(other))


def _content(resource: Resource) -> Any:
    return _exact({key: value for key, value in resource.items() if key not in {"meta", "id"}})


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_exact(part) for part in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return ("number", str(value))
