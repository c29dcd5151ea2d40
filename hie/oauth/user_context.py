"""A hospital's system asks a token for one of its people: the jwt-bearer grant (RFC 7523, 2.1).

The system signs who works at it now: staff number, role, purpose, and the patient whose record is
open. The hub believes the key that it is this hospital, and nothing about other hospitals; the
token names a pseudonym, no number. It is profile U of
`hie.access.profile`, with the claims of IHE IUA.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hie.access.actor import Purpose
from hie.access.mint import ROLE_SYSTEM
from hie.access.policy import CLINICAL, ROLE_SCOPES, Role
from hie.access.reason import Reason
from hie.access.scopes import covered
from hie.access.token import Claims
from hie.oauth.client_proof import Proved
from hie.oauth.token_request import TokenRefused, invalid_grant, invalid_request

SNOMED = "http://snomed.info/sct"

# Who may be vouched for: those who see patients. Other roles are given by accounts of the hub.
_ROLES: Mapping[tuple[str, str], Role] = {
    (ROLE_SYSTEM, Role.CLINICIAN.value): Role.CLINICIAN,
    (SNOMED, "112247003"): Role.CLINICIAN,  # medical doctor
    (SNOMED, "309343006"): Role.CLINICIAN,  # physician
    (SNOMED, "224535009"): Role.CLINICIAN,  # registered nurse
}
_LEVELS = frozenset({"urn:hub:acr:1", "urn:hub:acr:2"})
_NUMBER = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# What looks like a citizen's number or a mobile telephone is not a staff number.
_PERSONAL = re.compile(r"[0-9]{17}[0-9Xx]|[0-9]{15}|1[3-9][0-9]{9}")
_ID = r"[A-Za-z0-9\-.]{1,64}"


@dataclass(frozen=True, slots=True)
class UserContext:
    """What a hospital's system says of one of its people, checked for form; ids are bare."""

    number: str
    role: Role
    purpose: Purpose
    patient: str | None
    encounter: str | None
    acr: str | None
    auth_time: int | None


def read_context(proved: Proved, purpose: str | None) -> UserContext:
    """What was said of the person; raises TokenRefused. `purpose` is that of the form, if any."""
    claims = proved.claims
    if _NUMBER.fullmatch(claims.subject) is None or _PERSONAL.fullmatch(claims.subject):
        raise invalid_grant("sub: expected a staff number, no number of a citizen", Reason.CLAIM)
    said = _iua(claims)
    acr = claims.members.get("acr")
    if acr is not None and acr not in _LEVELS:
        raise invalid_grant("acr: expected " + " or ".join(sorted(_LEVELS)), Reason.CLAIM)
    auth_time = claims.members.get("auth_time")
    return UserContext(
        number=claims.subject,
        role=_role(said.get("subject_role")),
        purpose=_purpose(said.get("purpose_of_use"), purpose, proved),
        patient=_reference(claims, "patient", "Patient"),
        encounter=_reference(claims, "encounter", "Encounter"),
        acr=None if acr is None else str(acr),
        auth_time=auth_time if isinstance(auth_time, int) else None,
    )


def scopes_for(proved: Proved, role: Role, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """What was asked for, all of it registered and within the role; without asking, all there is.

    Raises TokenRefused.
    """
    held = tuple(
        scope
        for scope in proved.client.scopes
        if not scope.startswith("system/") and covered([scope], ROLE_SCOPES[role])
    )
    wanted = held if asked is None else asked
    if not wanted or not covered(wanted, held):
        raise TokenRefused("invalid_scope", Reason.SCOPE, "expected registered user/ scopes")
    return wanted


def _iua(claims: Claims) -> Mapping[str, object]:
    extensions = claims.members.get("extensions", {})
    said = extensions.get("ihe_iua", {}) if isinstance(extensions, Mapping) else None
    if not isinstance(said, Mapping):
        raise invalid_grant("extensions.ihe_iua: expected an object", Reason.CLAIM)
    return said


def _role(said: object) -> Role:
    match said:
        case [{"system": str(system), "code": str(code)}] if (system, code) in _ROLES:
            return _ROLES[system, code]
        case _:
            raise invalid_grant("subject_role: expected one role that is known", Reason.ROLE)


def _purpose(said: object, asked: str | None, proved: Proved) -> Purpose:
    match said:
        case None:
            code = asked or proved.client.purposes[0].value
        case [{"code": str(code)}] if asked in (None, code):
            pass
        case _:
            raise invalid_request("purpose_of_use: expected one", Reason.PURPOSE)
    if code not in proved.client.purposes or code not in CLINICAL:
        raise invalid_request("purpose_of_use: expected a registered one", Reason.PURPOSE)
    return Purpose(code)


def _reference(claims: Claims, name: str, kind: str) -> str | None:
    value = claims.members.get(name)
    if value is None:
        return None
    match = re.fullmatch(rf"{kind}/({_ID})", value) if isinstance(value, str) else None
    if match is None:
        raise invalid_grant(f"{name}: expected {kind}/<id>", Reason.CLAIM)
    return match[1]
