"""Who is acting: what a verified token, a signed-in session or the operator's shell stands for."""

from dataclasses import dataclass
from enum import StrEnum

from hie.access.agreement import STANDARD, Agreement


class ActorKind(StrEnum):
    """How the actor was recognised."""

    CLIENT = "client"  # a registered system with its own key
    USER = "user"  # a person, signed in to the pages
    OPERATOR = "operator"  # the hub's own command line, on the hub's own machine
    STRANGER = "stranger"  # nobody the hub recognised: only ever in a refusal


class Purpose(StrEnum):
    """Purpose of use; v3-ActReason codes."""

    TREATMENT = "TREAT"
    EMERGENCY = "ETREAT"
    BREAK_GLASS = "BTG"
    PUBLIC_HEALTH = "PUBHLTH"
    PATIENT_REQUEST = "PATRQT"
    OPERATIONS = "HOPERAT"
    COMPLIANCE = "HCOMPL"
    TEST = "HTEST"


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller, with what the door found out about it; never a name or an identity number.

    `institution` is derived from the registered key or account, never from what the caller claims.
    """

    kind: ActorKind
    client: str  # client id, or "pages" / "shell"
    subject: str  # (iss, sub) subject: client id, or user id
    institution: str  # unified social credit code
    purpose: Purpose
    scopes: frozenset[str]
    role: str | None = None  # for people: clinician, integrator, auditor, manager, administrator
    token: str | None = None  # jti of the access token
    network: str | None = None  # peer address
    request: str | None = None  # X-Request-Id or one made here
    patient: str | None = None  # a Patient's id, when the token is about this patient alone
    session: str | None = None  # the sign-in or launch the token came out of
    glass: frozenset[str] = frozenset()  # homes open for a while by broken glass; their persons too
    relation: str | None = None  # how the relation to the patient is known: hub, or declared
    acr: str | None = None  # how surely the person was recognised, as their token says
    agreement: Agreement = STANDARD  # what the institution agreed on: the bound of all above
    names: frozenset[str] = frozenset()  # of an operator: the accounts of their own they came by

    def at(self, network: str | None, request: str | None) -> "Actor":
        """The same caller, at one request; written out because every request makes one."""
        return Actor(
            self.kind,
            self.client,
            self.subject,
            self.institution,
            self.purpose,
            self.scopes,
            self.role,
            self.token,
            network,
            request,
            self.patient,
            self.session,
            self.glass,
            self.relation,
            self.acr,
            self.agreement,
            self.names,
        )
