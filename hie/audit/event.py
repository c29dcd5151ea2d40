"""What is recorded of one access, check or decision, before its answer leaves the hub.

One event is one row of `audit_access` and one row of `audit_subject` for each patient concerned
(IHE BALP: one AuditEvent per patient in the result set), so that one patient's view never shows
another's id.
"""

from dataclasses import dataclass
from enum import StrEnum

from hie.access.actor import Actor, Purpose


class EventType(StrEnum):
    """The closed list of what is recorded; `docs/audit-events.md` describes each."""

    READ = "read"
    VREAD = "vread"
    HISTORY = "history"
    SEARCH = "search"
    WRITE = "write"
    VALIDATE = "validate"
    ORDER_CHECK = "order-check"
    INDICATORS = "indicators"
    ASSESS = "assess"
    EXPLAIN = "explain"
    DECIDE = "decide"
    CARD_FEEDBACK = "card-feedback"
    PAGE = "page"
    RECEIVE = "receive"
    PROCESS = "process"
    MESSAGE_VIEW = "message-view"
    MESSAGE_REPLAY = "message-replay"
    MESSAGE_DROP = "message-drop"
    MAP_CHANGE = "map-change"
    REGISTER_IMPORT = "register-import"
    CLIENT_CHANGE = "client-change"
    PROPOSAL = "proposal"
    USER_CHANGE = "user-change"
    SITE_CHANGE = "site-change"
    IDENTITY_CHANGE = "identity-change"
    LABEL_CHANGE = "label-change"
    REINDEX = "reindex"
    TOKEN_ISSUED = "token-issued"  # noqa: S105 - an event's name
    TOKEN_VIEW = "token-view"  # noqa: S105 - an event's name
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - an event's name
    KEY_CHANGE = "key-change"
    SIGN_IN = "sign-in"
    LAUNCH = "launch"
    SIGN_OUT = "sign-out"
    BREAK_GLASS = "break-glass"
    PATIENT_CODE = "patient-code"
    CONSENT_DECISION = "consent-decision"
    AUDIT_VIEW = "audit-view"
    INTEGRITY = "integrity"
    REFUSED = "refused"
    BOOT = "boot"


class Action(StrEnum):
    """AuditEvent.action (DICOM/ATNA): Create, Read, Update, Delete, Execute."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class Outcome(StrEnum):
    """AuditEvent.outcome: 0 success, 4 minor, 8 serious, 12 major failure."""

    SUCCESS = "0"
    MINOR = "4"
    SERIOUS = "8"
    MAJOR = "12"


@dataclass(frozen=True, slots=True)
class Subject:
    """One patient concerned, by home and person, with the resources shown or used.

    `is_ruled`: they may have rules of Consents; False where the look saw that none is there.
    """

    home: str | None
    person: str | None = None
    resources: tuple[str, ...] = ()  # "Observation/abc/_history/1"
    is_ruled: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `query` is the raw request as received (path and query string, or body); it is stored only in
    the audit tables, never logged. `reason` is a machine code for refusals.
    """

    type: EventType
    action: Action
    actor: Actor
    outcome: Outcome = Outcome.SUCCESS
    subjects: tuple[Subject, ...] = ()
    query: bytes | None = None
    reason: str | None = None
    policy: str | None = None  # policy version
    detail: str | None = None  # short machine text, no personal data

    @property
    def purpose(self) -> Purpose:
        """The purpose of use: breaking the glass where what it opened is concerned."""
        glass = self.actor.glass
        if glass and any({one.home, one.person} & glass for one in self.subjects):
            return Purpose.BREAK_GLASS
        return self.actor.purpose


def integrity(
    actor: Actor, where: str, subjects: tuple[Subject, ...] = (), query: bytes | None = None
) -> Event:
    """That what lies in the database was altered behind the hub's back: where, and who met it."""
    return Event(
        EventType.INTEGRITY,
        Action.EXECUTE,
        actor,
        Outcome.SERIOUS,
        subjects,
        query=query,
        detail=where,
    )
