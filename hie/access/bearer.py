"""A verified access token as an Actor, and the header it comes in."""

import re
from collections.abc import Mapping

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import ROLE_SCOPES, Role
from hie.access.reason import Reason, refused
from hie.access.scopes import covered
from hie.access.token import Claims

_BEARER = re.compile(r"(bearer|dpop) +([^ ]+)", re.IGNORECASE)


def bearer_token(headers: list[bytes]) -> str:
    """The token of the one Authorization header; raises NotAuthenticated."""
    return presented_token(headers)[0]


def presented_token(headers: list[bytes]) -> tuple[str, bool]:
    """The token of the one Authorization header, and whether it came by the scheme DPoP."""
    if not headers:
        raise refused(Reason.NO_TOKEN)
    if len(headers) != 1 or not headers[0].isascii():
        raise refused(Reason.SCHEME, "one Authorization header")
    match = _BEARER.fullmatch(headers[0].decode("ascii"))
    if match is None:
        raise refused(Reason.SCHEME, "scheme Bearer or DPoP")
    return match[2], match[1].lower() == "dpop"


def actor_of(
    claims: Claims,
    registered: tuple[str, ...],
    institution: str,
    role: Role | None = None,
) -> Actor:
    """The actor a token stands for, as far as client and person still go.

    `registered` and `institution` are what holds now: what was taken from a client since the token
    was made is taken from the token. `role` is that of the person now; None for a system. Raises
    NotAuthenticated when the token says another institution, or another role.
    """
    members = claims.members
    hub = members["hub"]
    if not isinstance(hub, Mapping) or hub.get("inst") != institution:
        raise refused(Reason.ORG_SPOOF)
    if _role(members) != role:
        raise refused(Reason.ROLE)
    scopes = str(members["scope"]).split(" ")
    held = (scope for scope in scopes if covered([scope], registered))
    if role is not None:
        held = (scope for scope in held if covered([_for_person(scope)], ROLE_SCOPES[role]))
    return Actor(
        kind=ActorKind.CLIENT if role is None else ActorKind.USER,
        client=str(members["client_id"]),
        subject=claims.subject,
        institution=institution,
        purpose=_purpose(members),
        scopes=frozenset(held),
        role=None if role is None else role.value,
        token=claims.token_id,
        patient=_patient(members),
        session=session_of(claims),
        acr=None if role is None else _text(members.get("acr")),
    )


def is_of_person(claims: Claims) -> bool:
    """Whether a token is for a person, not for the system itself."""
    return claims.subject != claims.members["client_id"]


def session_of(claims: Claims) -> str | None:
    """The session a token came out of."""
    hub = claims.members["hub"]
    session = hub.get("sid") if isinstance(hub, Mapping) else None
    return session if isinstance(session, str) else None


def _for_person(scope: str) -> str:
    """The scope over all a person may see that includes this one."""
    return "user/" + scope.removeprefix("patient/") if scope.startswith("patient/") else scope


def _patient(members: Mapping[str, object]) -> str | None:
    """The id of the patient a token is bound to; raises NotAuthenticated when it says no id."""
    said = members.get("patient")
    if said is None:
        return None
    kind, _, found = said.partition("/") if isinstance(said, str) else ("", "", "")
    if kind != "Patient" or not found:
        raise refused(Reason.CLAIM)
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _role(members: Mapping[str, object]) -> Role | None:
    match members.get("extensions"):
        case {"ihe_iua": {"subject_role": [{"code": str(code)}]}} if code in set(Role):
            return Role(code)
        case _:
            return None


def _purpose(members: Mapping[str, object]) -> Purpose:
    """The one purpose of use; a token without one permits nothing."""
    match members.get("extensions"):
        case {"ihe_iua": {"purpose_of_use": [{"code": str(code)}]}}:
            try:
                return Purpose(code)
            except ValueError as error:
                raise refused(Reason.PURPOSE) from error
        case _:
            raise refused(Reason.PURPOSE)
