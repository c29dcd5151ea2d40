"""What an app that acts for a person may be given: asked, registered, and within the person's role.

SMART App Launch 2.2: `patient/…` permits for the patient in context what `user/…` permits for all
the person may see; `launch` and `launch/patient` ask for a patient in context. The hub gives no
refresh tokens: `IN_VAIN` is asked in vain, and that is no error. `fhirUser` goes with `openid`.
https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hie.access.policy import ROLE_SCOPES, Role
from hie.access.reason import Reason
from hie.access.scopes import Door, covered, find_scope
from hie.errors import Fault
from hie.oauth.authorize_request import AuthorizeRefused

LAUNCH, LAUNCH_PATIENT = "launch", "launch/patient"
OPENID, FHIR_USER = "openid", "fhirUser"
CONTEXTS = (LAUNCH, LAUNCH_PATIENT)
IN_VAIN = frozenset({"offline_access", "online_access", "profile", "launch/encounter"})
DOORS = frozenset({Door.ORDER_CHECK, Door.DECIDE, Door.INDICATORS})  # those people come to by apps
_PATIENT = "patient/"
_DOORS_TOLD = ", ".join(sorted(DOORS))
_EXPECTED = f"user/<Type>.<letters of cruds>, patient/<Type>.<letters>, {_DOORS_TOLD}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The scopes an app will be given once it is clear for which patient."""

    scopes: tuple[str, ...]
    needs_patient: bool  # without a patient in context it must not go on


def wanted(asked: Sequence[str], registered: Iterable[str], role: Role) -> Wanted:
    """What of the asked is given. Raises AuthorizeRefused: invalid_scope, access_denied."""
    known = {*CONTEXTS, OPENID, FHIR_USER, *IN_VAIN}
    data = [scope for scope in asked if scope not in known]
    if not covered(data, registered):
        raise AuthorizeRefused("invalid_scope", "expected registered scopes", Reason.SCOPE)
    given = [scope for scope in data if covered([_for_person(scope)], ROLE_SCOPES[role])]
    if data and not given:
        raise AuthorizeRefused("access_denied", "nothing of it is this person's", Reason.ROLE)
    words = [scope for scope in asked if scope in {*CONTEXTS, OPENID}]
    if OPENID in words and FHIR_USER in asked:
        words.append(FHIR_USER)
    if not given and not words:
        raise AuthorizeRefused("invalid_scope", "expected registered scopes", Reason.SCOPE)
    needs = LAUNCH_PATIENT in words or any(scope.startswith(_PATIENT) for scope in given)
    return Wanted((*words, *given), needs)


def _for_person(scope: str) -> str:
    """The scope over all a person may see that includes this one."""
    return "user/" + scope.removeprefix(_PATIENT) if scope.startswith(_PATIENT) else scope


def check_app_scopes(scopes: Sequence[str], types: frozenset[str]) -> list[Fault]:
    """What is wrong with the scopes an app is to be registered with."""
    faults = []
    if not scopes:
        faults.append(Fault("scopes", "scope-count", "at least one scope"))
    for n, text in enumerate(scopes):
        scope = find_scope(text)
        if scope is None:
            faults.append(Fault(f"scopes[{n}]", "scope-format", _EXPECTED))
        elif scope.context == "system":
            faults.append(Fault(f"scopes[{n}]", "scope-context", "user/ or patient/ for an app"))
        elif scope.context == "hie":
            if text not in DOORS:
                expected = f"of the doors: {_DOORS_TOLD}"
                faults.append(Fault(f"scopes[{n}]", "scope-context", expected))
        elif scope.type != "*" and scope.type not in types:
            faults.append(Fault(f"scopes[{n}]", "scope-type", "a resource type of this hub"))
    return faults
