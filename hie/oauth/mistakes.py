"""The log's word for a request that was refused for what it says, not for who sent it.

The caller is told what was expected and where; the log keeps which kind of mistake it was, so that
a client that goes wrong, and one that tries the doors, can be found.
"""

from hie import errors
from hie.access.reason import Reason

# What one client may do wrong a thousand times a minute: counted, not written one by one.
MISTAKES = frozenset(
    {
        Reason.ENC,
        Reason.JSON,
        Reason.MEDIA,
        Reason.PARAM,
        Reason.COST,
        Reason.FHIR,
        Reason.CONFLICT,
        Reason.SIZE,
    }
)
_NOT_TEXT = frozenset({"not-utf-8", "lone-surrogate", "control-character"})
_NO_RESOURCE = frozenset({"other-type"})
_REASONS: tuple[tuple[type[errors.RequestRefused], Reason], ...] = (
    (errors.UnreadableJson, Reason.JSON),
    (errors.UnreadableNumber, Reason.JSON),
    (errors.UnsupportedMedia, Reason.MEDIA),
    (errors.NotAcceptable, Reason.MEDIA),
    (errors.TooLarge, Reason.COST),
    (errors.TooCostly, Reason.COST),
    (errors.UnprocessableRequest, Reason.FHIR),
    (errors.ResourceNotFound, Reason.ABSENT),
    (errors.ResourceDeleted, Reason.ABSENT),
    (errors.Conflict, Reason.CONFLICT),
    (errors.VersionMismatch, Reason.CONFLICT),
    (errors.MultipleMatches, Reason.CONFLICT),
)


def reason_of_mistake(error: errors.RequestRefused) -> Reason:
    """Which kind of mistake an error tells of; `param` when it is no other."""
    codes = {fault.code for fault in error.faults}
    for alert in (Reason.SSRF, Reason.OIDC):
        if alert in codes:
            return alert
    if codes & _NOT_TEXT:
        return Reason.ENC
    if codes & _NO_RESOURCE:
        return Reason.FHIR
    return next((found for kind, found in _REASONS if isinstance(error, kind)), Reason.PARAM)
