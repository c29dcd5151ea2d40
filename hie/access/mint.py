"""The hub's access tokens: a short-lived ES256 JWT that says who asks, for whom and for what.

It carries no name and no identity number: every log on the way can read a JWT.
RFC 9068 (at+jwt); IHE IUA for institution, role and purpose of use; IHE PCF for the patient. What
is not known is left out: a token without `patient` is bound to no patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hie.access.actor import Purpose
from hie.access.compact import LONGEST
from hie.access.pcf import EVERYTHING, Consented, pcf
from hie.access.ring import SigningKey
from hie.fhir import CANONICAL

LIFETIME = 300
SESSION_LIFETIME = 900  # of a token that ends with the session of a person at the hub's own pages
PURPOSE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ROLE_SYSTEM = f"{CANONICAL}/CodeSystem/role"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client was granted; `institution` comes from its registered key, never from a claim.

    For a system `subject` is empty. For a person it is the id of their account here, or the
    pseudonym of a person their hospital vouches for (`hie.oauth.vouched`), and `role` is a `Role`.
    `patient` and `encounter` are ids; `session` is the hash of a session here, with which the
    token ends; `bound` is the `cnf` of what its sender alone has (`hie.oauth.sender`).
    `consented`: what of the patient's Consents was held to.
    """

    issuer: str
    audience: str
    client: str
    institution: str
    purpose: Purpose
    scopes: tuple[str, ...]
    subject: str = ""
    role: str | None = None
    patient: str | None = None
    encounter: str | None = None
    session: str | None = None
    acr: str | None = None
    auth_time: int | None = None
    bound: Mapping[str, str] | None = None
    consented: Consented | None = None
    lifetime: int = LIFETIME


def mint(grant: Grant, key: SigningKey, token_id: str, now: int) -> str:
    """Sign an access token of the grant's lifetime; `token_id` is 128 random bits in hex.

    One that the door would find too long says the safest of the Consents instead.
    """
    text = key.signed(_claims(grant, token_id, now), "at+jwt")
    if len(text) > LONGEST and grant.consented is not None:
        safest = replace(grant.consented, documents=(), residual=EVERYTHING)
        return key.signed(_claims(replace(grant, consented=safest), token_id, now), "at+jwt")
    return text


def _claims(grant: Grant, token_id: str, now: int) -> dict[str, object]:
    patient = None if grant.patient is None else f"Patient/{grant.patient}"
    encounter = None if grant.encounter is None else f"Encounter/{grant.encounter}"
    role = None if grant.role is None else [{"system": ROLE_SYSTEM, "code": grant.role}]
    extensions: dict[str, object] = {
        "ihe_iua": _known(
            subject_organization_id=grant.institution,
            subject_role=role,
            purpose_of_use=[{"system": PURPOSE_SYSTEM, "code": grant.purpose.value}],
        ),
        "ihe_pcf": None if grant.patient is None else pcf(grant.patient, grant.consented),
    }
    return _known(
        iss=grant.issuer,
        aud=grant.audience,
        client_id=grant.client,
        sub=grant.subject or grant.client,
        iat=now,
        exp=now + grant.lifetime,
        jti=token_id,
        scope=" ".join(grant.scopes),
        cnf=grant.bound,
        acr=grant.acr,
        auth_time=grant.auth_time,
        patient=patient,
        hub=_known(inst=grant.institution, sid=grant.session, rel=encounter),
        extensions=_known(**extensions),
    )


def _known(**members: object) -> dict[str, object]:
    """The members that are known, in this order."""
    return {name: value for name, value in members.items() if value is not None}
