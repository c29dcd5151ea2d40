"""The claims of IHE PCF in a token that is bound to a patient: `extensions.ihe_pcf`.

IHE Privacy Consent on FHIR 1.1 adds them to Get Access Token (ITI-71, 3.71.4.2.2.1.4): `patient_id`
whose Consents were held to, `doc_id` the Consents, `acp` the policies, `residual` what is not to be
seen all the same. References are relative to the token's `aud`. The door takes the hub's own tokens
in this shape alone; what may be seen it asks the Consents, not the token.
https://profiles.ihe.net/ITI/PCF/other.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeGuard

from hie.access.implicit import Implicit

POLICIES = "https://profiles.ihe.net/ITI/PCF/Policy-"
MOST_DOCUMENTS, MOST_POLICIES, MOST_RULES = 16, 8, 16
_MEMBERS = frozenset({"patient_id", "doc_id", "acp", "residual"})
_DOCUMENT = re.compile(r"Consent/[A-Za-z0-9\-.]{1,64}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]*:[!-~]{1,127}")
_CODE = re.compile(r"[A-Za-z0-9\-]{1,32}")

Entry = Mapping[str, object]
EVERYTHING: tuple[Entry, ...] = ({"type": "forbid"},)


@dataclass(frozen=True, slots=True)
class Consented:
    """What was held to when a token was made: ids of Consents, addresses of policies, rules."""

    documents: tuple[str, ...]
    policies: tuple[str, ...]
    residual: tuple[Entry, ...]


def implicit_policy(policy: Implicit) -> str:
    """The address PCF gives one of its overarching policies (1:53.2.1)."""
    return POLICIES + policy.value


def unknown(policy: Implicit) -> Consented:
    """Of a patient the holder does not see, here or not: nothing but what forbids everything."""
    return Consented((), (implicit_policy(policy),), EVERYTHING)


def pcf(patient: str, found: Consented | None) -> dict[str, object]:
    """The claims about a patient (an id); of what is too much to say, the safest is said."""
    claims: dict[str, object] = {"patient_id": f"Patient/{patient}"}
    if found is None:
        return claims
    if found.documents:
        claims["doc_id"] = [f"Consent/{one}" for one in found.documents[:MOST_DOCUMENTS]]
    claims["acp"] = list(found.policies[:MOST_POLICIES])
    is_said = len(found.documents) <= MOST_DOCUMENTS and len(found.residual) <= MOST_RULES
    rules = found.residual if is_said else EVERYTHING
    if rules:
        claims["residual"] = [dict(one) for one in rules]
    return claims


def are_pcf(patient: object, extensions: object) -> bool:
    """Whether a token's claims about consent are what `pcf` writes, and about its `patient`."""
    claims = extensions.get("ihe_pcf") if isinstance(extensions, Mapping) else None
    if patient is None or claims is None:
        return patient is None and claims is None
    if not isinstance(claims, Mapping) or claims.keys() - _MEMBERS:
        return False
    return claims.get("patient_id") == patient and all(
        _is_list(claims[name], most) and all(map(is_one, claims[name]))
        for name, (most, is_one) in _LISTS.items()
        if name in claims
    )


def _is_list(found: object, most: int) -> TypeGuard[list[object]]:
    return isinstance(found, list) and 1 <= len(found) <= most


def _is_rule(one: object) -> bool:
    match one:
        case {
            "type": "forbid",
            "securityLabel": [{"system": system, "code": code, **more}],
            **rest,
        }:
            return not more and not rest and _is(_ADDRESS, system) and _is(_CODE, code)
        case {"type": "forbid", **rest}:
            return not rest
    return False


def _is(form: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and form.fullmatch(text) is not None


_LISTS: Mapping[str, tuple[int, Callable[[object], bool]]] = {
    "doc_id": (MOST_DOCUMENTS, partial(_is, _DOCUMENT)),
    "acp": (MOST_POLICIES, partial(_is, _ADDRESS)),
    "residual": (MOST_RULES, _is_rule),
}
