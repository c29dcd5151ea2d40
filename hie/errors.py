"""The one error tree; each class names its FHIR issue type and knows no HTTP.

A message says what was found, what was expected and where, and never a name or an identifier
of a patient: error text reaches logs. `hie.status` maps classes to HTTP status.
Issue types: FHIR R4, value set issue-type (http://hl7.org/fhir/R4/valueset-issue-type.html).
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a request or a file: where, which kind, and what was expected."""

    path: str
    code: str
    expected: str


class HubError(Exception):
    """Anything the hub refuses or fails at; `faults` name each place when there are several."""

    issue_type: ClassVar[str] = "exception"

    def __init__(self, text: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.faults = faults


class MessageRefused(HubError):
    """A message is held with its issues; it can be fixed and replayed."""

    issue_type = "processing"


class MalformedMessage(MessageRefused):
    """The bytes are not what the format demands."""

    issue_type = "structure"


class UnmappedCode(MessageRefused):
    """A site's code has no approved map."""

    issue_type = "code-invalid"


class ProfileViolation(MessageRefused):
    """What was built does not satisfy FHIR R4 or a profile of the hub."""

    issue_type = "invariant"


class RequestRefused(HubError):
    """A caller's request cannot be answered as asked."""

    issue_type = "invalid"


class InvalidRequest(RequestRefused):
    """The request is malformed: JSON, parameters, headers."""

    issue_type = "invalid"


class UnreadableJson(InvalidRequest):
    """The body is no JSON that every reader reads alike."""

    issue_type = "structure"


class UnreadableNumber(InvalidRequest):
    """A number in the body is none, or more than can be kept."""

    issue_type = "value"


class UnprocessableRequest(RequestRefused):
    """The request is well formed, and its values cannot be: each fault is named."""

    issue_type = "value"


class NotSupported(RequestRefused):
    """The hub does not do this: parameter, format, interaction or type."""

    issue_type = "not-supported"


class IdNotOffered(NotSupported):
    """Nothing has this id, and this caller may not choose ids (FHIR R4 http.html#update)."""


class NotAcceptable(RequestRefused):
    """None of the accepted response formats is spoken here."""

    issue_type = "not-supported"


class UnsupportedMedia(RequestRefused):
    """The request body's media type or encoding is not read here."""

    issue_type = "not-supported"


class TooLarge(RequestRefused):
    """The body is over the door's limit."""

    issue_type = "too-long"


class TooMany(RequestRefused):
    """The caller is over its rate; trying later can help."""

    issue_type = "throttled"


class ResourceNotFound(RequestRefused):
    """There is nothing here that this caller may see."""

    issue_type = "not-found"


class ResourceDeleted(RequestRefused):
    """It was here and is deleted."""

    issue_type = "deleted"


class Conflict(RequestRefused):
    """It contradicts what is recorded; the answer shows the recorded one."""

    issue_type = "conflict"


class VersionMismatch(RequestRefused):
    """If-Match names another version than the current one."""

    issue_type = "conflict"


class MultipleMatches(RequestRefused):
    """A condition meant for one resource matches several."""

    issue_type = "multiple-matches"


class ReferenceUnmatched(RequestRefused):
    """A conditional reference of a transaction leads to nothing."""

    issue_type = "not-found"


class NotAtHand(RequestRefused):
    """What the answer needs did not come with the request, and is not here: each is named."""

    issue_type = "required"


class TooCostly(RequestRefused):
    """No index answers this; it is refused, never scanned."""

    issue_type = "too-costly"


class AccessRefused(HubError):
    """Recorded, then told sparingly."""

    issue_type = "security"


class NotAuthenticated(AccessRefused):
    """No token, or one that the door does not take."""

    issue_type = "login"


class NotPermitted(AccessRefused):
    """The caller is known and may not do this."""

    issue_type = "forbidden"


class ConsentWithheld(AccessRefused):
    """The patient has not agreed to this use."""

    issue_type = "suppressed"


class HubMisconfigured(HubError):
    """Found at start; the hub stays down."""

    issue_type = "exception"


class RulebookInvalid(HubMisconfigured):
    """Shipped or imported rules, catalogue, policy or texts do not hold together."""


class SchemaMissing(HubMisconfigured):
    """A shipped data file is not where the hub lies."""


class AdapterUnavailable(HubMisconfigured):
    """A site names an adapter that is not installed."""


class DataDirectoryBusy(HubMisconfigured):
    """Another hub process holds this data directory (SQLite belongs to one process)."""

    issue_type = "lock-error"


class LedgerBroken(HubError):
    """The audit log does not verify: stop writing, call a person."""


class Altered(HubError):
    """What lies in the database is not what the hub put there: nothing of it is shown."""


class SourceRefused(HubError):
    """The source that keeps these images does not give them, or answers something else."""

    issue_type = "incomplete"

    @classmethod
    def because(cls, code: str, expected: str) -> "SourceRefused":
        """With the reason, in a word, and what was expected of the source."""
        return cls("the images cannot be had from their source", (Fault("source", code, expected),))


class Unavailable(HubError):
    """Database, disk or key server away; the only one that is worth retrying."""

    issue_type = "transient"


class Contended(Unavailable):
    """Another unit of work was in the way of this one; it is begun again at once, a few times."""

    issue_type = "lock-error"


class SourceOffline(Unavailable):
    """The source that keeps these images does not answer; `seconds` until it is asked again."""

    def __init__(self, seconds: int) -> None:
        fault = Fault("source", "source-offline", f"the source of the images; ask in {seconds} s")
        super().__init__("the source of these images is offline: try again", (fault,))
        self.seconds = seconds
