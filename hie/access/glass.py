"""Breaking the glass: who may open a patient's withheld results in an emergency, and for how long.

It opens what is restricted (R), never what is very restricted (V), of one patient, for one person,
for half an hour. The price is a reason in words, a notice to the privacy officer, and a review.
"""

from enum import StrEnum
from typing import Final

from hie.access.actor import Actor, ActorKind
from hie.access.policy import Role
from hie.access.reason import Reason
from hie.errors import Fault, NotPermitted

LASTS: Final = 30 * 60  # seconds
DAY: Final = 24 * 3600
MOST_PATIENTS: Final = 5  # of one person in a day; then a second person must agree
REVIEW: Final = 72 * 3600  # seconds until a review is due
FEWEST: Final = 10  # characters of the words, spaces not counted
LONGEST: Final = 500
SECOND_FACTOR: Final = "urn:hub:acr:2"
ELIGIBLE: Final = frozenset({Role.CLINICIAN})


class GlassReason(StrEnum):
    """Why the results are needed now; the words say more."""

    LIFE_THREATENING = "life-threatening"
    UNCONSCIOUS = "unconscious"
    EMERGENCY_SURGERY = "emergency-surgery"
    MEDICATION_SAFETY = "medication-safety"
    OTHER_EMERGENCY = "other-emergency"


class Review(StrEnum):
    """Where the review of an opening stands."""

    OPEN = "open"
    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


class Kept(StrEnum):
    """Why somebody may not break the glass any more, until a privacy officer has dealt with it."""

    OVERDUE = "overdue"  # a review of theirs was not done in time
    UNJUSTIFIED = "unjustified"  # a review found no good reason


def check_eligible(actor: Actor) -> None:
    """A person whose role may break the glass at all; raises NotPermitted."""
    if actor.kind is not ActorKind.USER or actor.role not in ELIGIBLE:
        raise withheld("access", f"role {', '.join(sorted(ELIGIBLE))}")


def check_reason(reason: object, words: object) -> tuple[GlassReason, str]:
    """The reason and its words; raises NotPermitted naming what is missing."""
    faults = []
    found = reason if isinstance(reason, str) else ""
    if found not in set(GlassReason):
        faults.append(Fault("reason", Reason.BREAK_GLASS, ", ".join(GlassReason)))
    said = " ".join(words.split()) if isinstance(words, str) else ""
    if len(said.replace(" ", "")) < FEWEST or len(said) > LONGEST or not said.isprintable():
        expected = f"{FEWEST} to {LONGEST} characters that say why"
        faults.append(Fault("text", Reason.BREAK_GLASS, expected))
    if faults:
        raise NotPermitted("the glass stays closed", tuple(faults))
    return GlassReason(found), said


def withheld(path: str, expected: str) -> NotPermitted:
    """A refusal to break the glass: always an alert, and alike whoever the patient is."""
    return NotPermitted("the glass stays closed", (Fault(path, Reason.BREAK_GLASS, expected),))
