"""Who is asked about, and which of the found Patients are that person: matched, none, ambiguous.

Pure: the homes are found by the store. Only usable strong identifiers lead to a person, and one
that is held by two people leads to nobody: an answer about the wrong patient is worse than none.
"""

from enum import StrEnum


class IdentityState(StrEnum):
    """Whether the request leads to one person."""

    MATCHED = "matched"
    NONE = "none"
    AMBIGUOUS = "ambiguous"
