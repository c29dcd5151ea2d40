"""Permit or refuse; a permission is a restriction in plain values, SQL only in `store.visible`.

All must permit: the scope of the token, the purpose, the role; what is missing refuses.
Relationship and consent come with their own rooms and narrow the restriction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.reaching import within_reach
from hie.access.reason import Reason
from hie.access.restriction import Constraints, Restriction
from hie.access.scopes import Door, Interaction, find_scope
from hie.errors import Fault, NotPermitted


@dataclass(frozen=True, slots=True)
class AuditSight:
    """What an actor may see of the audit log: of which institution (None: all), raw requests too.

    A raw request may hold names and identity numbers: `queries` is for auditors alone.
    """

    institution: str | None
    queries: bool = False


class Role(StrEnum):
    """What a person does here; nobody has two."""

    CLINICIAN = "clinician"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"
    PRIVACY_OFFICER = "privacy-officer"
    SECURITY_OFFICER = "security-officer"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


# The role matrix. Only clinicians see patients; who connects systems sees messages and codes; the
# three administrations (system, security, audit) stay apart (GB/T 22239, 三员分立).
ROLE_SCOPES: Mapping[Role, frozenset[str]] = {
    Role.CLINICIAN: frozenset({"user/*.rs", Door.ORDER_CHECK, Door.DECIDE, Door.CONSENT}),
    Role.INTEGRATOR: frozenset({Door.MESSAGES, Door.MAPS}),
    Role.AUDITOR: frozenset(),
    Role.PRIVACY_OFFICER: frozenset(),
    Role.SECURITY_OFFICER: frozenset(),
    Role.MANAGER: frozenset({Door.INDICATORS}),
    Role.ADMINISTRATOR: frozenset({Door.REGISTERS}),
}

# Purposes for which a patient's results may be looked at. Breaking the glass (BTG) and a patient's
# own request (PATRQT) have conditions of their own and are not opened by a scope.
CLINICAL = frozenset({Purpose.TREATMENT, Purpose.EMERGENCY})
# A client of an institution may look at the log of what its own people and systems did.
_AUDITING = CLINICAL | {Purpose.COMPLIANCE}
WRITING = frozenset({Interaction.CREATE, Interaction.UPDATE, Interaction.DELETE})
_CLINICAL_DOORS = frozenset({Door.ORDER_CHECK, Door.DECIDE})
_CONTEXT = {ActorKind.CLIENT: "system", ActorKind.USER: "user"}
_CONTEXTS = {
    ActorKind.CLIENT: frozenset({"system"}),
    ActorKind.USER: frozenset({"user", "patient"}),
}


def permit(actor: Actor, door: Door) -> None:
    """Let the actor through this door; raises NotPermitted."""
    if actor.kind is ActorKind.OPERATOR:
        return
    if door.value not in actor.scopes:
        raise _not_permitted(_missing(actor), f"scope {door.value}")
    if door in _CLINICAL_DOORS and actor.purpose not in CLINICAL:
        raise _not_permitted(Reason.PURPOSE, "purpose of use TREAT or ETREAT")


def permit_institution(actor: Actor, institution: str) -> None:
    """Let the actor act for this institution, which must be its own; raises NotPermitted."""
    if actor.kind is not ActorKind.OPERATOR and actor.institution != institution:
        raise _not_permitted(Reason.ORG_SPOOF, "the caller's own institution")


def restriction(actor: Actor, interaction: Interaction) -> Restriction:
    """What the actor may see by this interaction.

    Read, vread and history are READ. Raises NotPermitted when the actor may see nothing at all
    by it, or not for its purpose.
    """
    if actor.kind is ActorKind.OPERATOR:
        return Restriction()
    if actor.purpose not in CLINICAL:
        raise _not_permitted(Reason.PURPOSE, "purpose of use TREAT or ETREAT")
    found = _by_scopes(actor.scopes, _CONTEXTS[actor.kind], interaction)
    if found.types is not None and not found.types:
        context = _CONTEXT[actor.kind]
        raise _not_permitted(_missing(actor), f"a scope {context}/<Type>.{interaction.value}")
    return within_reach(actor, found, writing=interaction in WRITING)


def permit_type(actor: Actor, kind: str, interaction: Interaction) -> Restriction:
    """The restriction for one resource type; raises NotPermitted when its type is not in scope."""
    found = restriction(actor, interaction)
    if not found.permits_type(kind):
        context = _CONTEXT[actor.kind]
        raise _not_permitted(_missing(actor), f"scope {context}/{kind}.{interaction.value}")
    return found


def audit_sight(actor: Actor, interaction: Interaction) -> AuditSight:
    """What the actor may see of the audit log: that of its own institution.

    A client needs the scope system/AuditEvent.rs; with the purpose HCOMPL it is an auditor. Of
    people only auditors see it. Raises NotPermitted.
    """
    if actor.kind is ActorKind.OPERATOR:
        return AuditSight(None, queries=True)
    if actor.kind is ActorKind.USER:
        if actor.role != Role.AUDITOR:
            raise _not_permitted(Reason.ROLE, f"role {Role.AUDITOR}")
        return AuditSight(actor.institution, queries=True)
    if actor.purpose not in _AUDITING:
        raise _not_permitted(Reason.PURPOSE, "purpose of use HCOMPL, TREAT or ETREAT")
    found = _by_scopes(actor.scopes, _CONTEXTS[ActorKind.CLIENT], interaction)
    if not found.permits_type("AuditEvent"):
        raise _not_permitted(Reason.SCOPE, f"scope system/AuditEvent.{interaction.value}")
    return AuditSight(actor.institution, queries=actor.purpose is Purpose.COMPLIANCE)


@lru_cache(maxsize=1024)
def _by_scopes(
    scopes: frozenset[str], contexts: frozenset[str], interaction: Interaction
) -> Restriction:
    types: set[str] = set()
    whole: set[str] = set()
    filters: dict[str, list[Constraints]] = {}
    for text in scopes:
        scope = find_scope(text)
        if scope is None or scope.context not in contexts:
            continue
        if interaction.value not in scope.letters:
            continue
        if scope.type == "*":
            return Restriction()
        types.add(scope.type)
        if scope.constraints:
            filters.setdefault(scope.type, []).append(scope.constraints)
        else:
            whole.add(scope.type)
    constrained = {kind: tuple(sorted(one)) for kind, one in filters.items() if kind not in whole}
    return Restriction(types=frozenset(types), filters=tuple(sorted(constrained.items())))


def _missing(actor: Actor) -> Reason:
    """A system lacks a scope; a person's scopes are those of their role."""
    return Reason.ROLE if actor.kind is ActorKind.USER else Reason.SCOPE


def _not_permitted(reason: Reason, expected: str) -> NotPermitted:
    return NotPermitted("not permitted", (Fault("access", reason, expected),))


__all__ = [
    "CLINICAL",
    "ROLE_SCOPES",
    "Actor",
    "AuditSight",
    "Restriction",
    "Role",
    "audit_sight",
    "permit",
    "permit_institution",
    "permit_type",
    "restriction",
]
