"""Who is told, with every answer, that results may be withheld: whoever has less than all.

It depends on who asks alone, never on what is hidden: else it would itself tell (FHIR R4
security-labels.html, break the glass).
"""

from starlette.responses import Response

from hie.access.actor import Actor, ActorKind
from hie.access.restriction import VERY_RESTRICTED

HEADER = "Hie-Notice"
_HEADER = (HEADER.lower().encode(), b"results-may-be-withheld")


def is_told(actor: Actor) -> bool:
    """Whether this caller may see less than all there is: every person, and most systems."""
    if actor.kind is ActorKind.CLIENT:
        return actor.agreement.clearance < VERY_RESTRICTED
    return actor.kind is ActorKind.USER


def with_header(actor: object, answer: Response) -> Response:
    """The answer with the header, for those who are told."""
    if isinstance(actor, Actor) and is_told(actor):
        answer.raw_headers.append(_HEADER)
    return answer
