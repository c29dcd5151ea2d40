"""The facts an answer rested on, as the JSON that is kept with it, and back without losing one.

Numbers are kept as the text of their digits, days and instants as they were stated: 5.10 stays
5.10, and a birth date known to the month stays one. Facts kept by earlier versions hold numbers as
JSON numbers, whose digits are kept as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hie.errors import Fault, UnprocessableRequest
from hie.recognition.candidate import Candidate
from hie.recognition.identity_check import IdentityAnswer, IdentityState


def write_facts(
    identity: IdentityAnswer, patients: Iterable[str], candidates: Iterable[Candidate]
) -> dict[str, Any]:
    """Facts as JSON values: the identity, the ids of all Patients looked at, every candidate."""
    return {
        "identity": {
            "state": identity.state.value,
            "person": identity.person,
            "homes": {home: plain(identity.homes[home]) for home in sorted(identity.homes)},
        },
        "patients": list(patients),
        "candidates": [plain(one) for one in candidates],
    }


def plain(value: msgspec.Struct) -> Any:
    """A frozen value as JSON values; sets are sorted, so that equal facts are equal bytes."""
    return msgspec.to_builtins(value, order="deterministic")


def read_facts(facts: Any) -> tuple[IdentityState, tuple[Candidate, ...]]:
    """What `write_facts` kept. Raises UnprocessableRequest naming what is missing or damaged."""
    identity = facts.get("identity") if isinstance(facts, Mapping) else None
    listed = facts.get("candidates") if isinstance(facts, Mapping) else None
    faults = []
    state = str(identity.get("state")) if isinstance(identity, Mapping) else ""
    if state not in set(IdentityState):
        faults.append(Fault("facts.identity.state", "not-kept", "matched, none or ambiguous"))
    if not isinstance(listed, list):
        faults.append(Fault("facts.candidates", "not-kept", "a list"))
        listed = []
    candidates = []
    for n, one in enumerate(listed):
        try:
            candidates.append(msgspec.convert(one, Candidate))
        except msgspec.ValidationError as problem:
            # msgspec names the type it expected and the member, never the value
            said = f"the facts of a candidate ({problem})"
            faults.append(Fault(f"facts.candidates[{n}]", "not-readable", said))
    if faults:
        raise UnprocessableRequest("the facts of this check are not kept whole", tuple(faults))
    return IdentityState(state), tuple(candidates)
