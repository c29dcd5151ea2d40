"""POST /cds-services/{id}/feedback: what a client says of the cards it was given.

CDS Hooks 2.0, "Feedback". The specification knows no answer to it but that it succeeded: the hub's
names each entry and what became of it, in the order of the request.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.cds import BY_ID
from hie.cds.cards import REASONS
from hie.cds.feedback_answer import entry
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange.card_decision import ACCEPTED, OVERRIDDEN, Feedback
from hie.exchange.card_feedback import take
from hie.fhir.wire import read_object
from hie.oauth.door import actor_in
from hie.oauth.flat import flat
from hie.oauth.flat_body import flat_body
from hie.recognition.moment import find_moment
from hie.recognition.reasons import load_reasons

EXPLAINED = "example.hie.explained-to-patient"  # a member of an entry's `extension`
MOST = 500  # entries of one request
_LONGEST = 2000  # characters of a comment
_NAME = 200  # of an id, a code


async def post_feedback(request: Request) -> Response:
    """Take an institution's feedback.

    Raises InvalidRequest naming each fault, ResourceNotFound for a service there is not,
    NotPermitted.
    """
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    if request.path_params["id"] not in BY_ID:
        raise ResourceNotFound("no such service")
    data = await flat_body(request)
    entries = read_feedback(data)
    hub = request.app.state.hub
    told = await take(hub, actor, request.path_params["id"], entries, data)
    return flat({"feedback": [entry(one, hub.settings.address) for one in told]})


def read_feedback(data: bytes) -> tuple[Feedback, ...]:
    """The entries of a request; members the specification does not name are passed over.

    Raises InvalidRequest naming each fault: then nothing of the request is taken.
    """
    body = read_object(data, nulls=True)
    listed = body.get("feedback")
    faults: list[Fault] = []
    if not isinstance(listed, list) or len(listed) > MOST:
        fault = Fault("feedback", "wrong-type", f"an array of at most {MOST}")
        raise InvalidRequest("the feedback cannot be read", (fault,))
    found = [_entry(one, f"feedback[{place}]", faults) for place, one in enumerate(listed)]
    if faults:
        raise InvalidRequest("the feedback cannot be read", tuple(faults))
    return tuple(one for one in found if one is not None)


def _entry(one: Any, path: str, faults: list[Fault]) -> Feedback | None:
    if not isinstance(one, dict):
        faults.append(Fault(path, "wrong-type", "an object"))
        return None
    card = _text(one.get("card"), f"{path}.card", faults)
    outcome = one.get("outcome")
    if outcome not in (ACCEPTED, OVERRIDDEN):
        faults.append(Fault(f"{path}.outcome", "invalid-value", f"{ACCEPTED} or {OVERRIDDEN}"))
    said = one.get("outcomeTimestamp")
    moment = find_moment(said.upper()) if isinstance(said, str) and len(said) <= 40 else None
    if moment is None or not moment.exact:
        expected = "date and time in UTC (RFC 3339, 5.6)"
        faults.append(Fault(f"{path}.outcomeTimestamp", "not-a-time", expected))
    chosen: tuple[str, ...] = ()
    reason = comment = None
    if outcome == ACCEPTED:
        chosen = _suggestions(one.get("acceptedSuggestions"), path, faults)
    else:
        reason, comment = _override(one.get("overrideReason"), f"{path}.overrideReason", faults)
    return Feedback(
        card=card.lower(),
        outcome=str(outcome),
        outcome_us=0 if moment is None else moment.at_us,
        suggestions=chosen,
        reason=reason,
        comment=comment,
        explained=_explained(one.get("extension"), path, faults),
    )


def _suggestions(listed: Any, path: str, faults: list[Fault]) -> tuple[str, ...]:
    """The ids of the accepted suggestions: one at least."""
    place = f"{path}.acceptedSuggestions"
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST:
        faults.append(Fault(place, "required", "the suggestions that were accepted"))
        return ()
    return tuple(
        _text(one.get("id") if isinstance(one, dict) else None, f"{place}[{n}].id", faults).lower()
        for n, one in enumerate(listed)
    )


def _override(said: Any, path: str, faults: list[Fault]) -> tuple[str | None, str | None]:
    """The reason and the comment with which a card was overridden."""
    if said is None:
        return None, None
    if not isinstance(said, dict):
        faults.append(Fault(path, "wrong-type", "an object"))
        return None, None
    comment = said.get("userComment")
    if comment is not None and not (isinstance(comment, str) and len(comment) <= _LONGEST):
        expected = f"a text of at most {_LONGEST} characters"
        faults.append(Fault(f"{path}.userComment", "wrong-type", expected))
        comment = None
    coding = said.get("reason")
    if coding is None:
        return None, comment or None
    if not isinstance(coding, dict):
        faults.append(Fault(f"{path}.reason", "wrong-type", "a Coding"))
        return None, comment or None
    return _reason(coding, f"{path}.reason", faults), comment or None


def _reason(coding: Mapping[str, Any], path: str, faults: list[Fault]) -> str:
    """A key of the hub's reasons, or "<system>|<code>" of one that is the client's own."""
    code = _text(coding.get("code"), f"{path}.code", faults)
    system = coding.get("system") or ""
    if not isinstance(system, str) or len(system) > _NAME:
        faults.append(Fault(f"{path}.system", "wrong-type", "an address"))
        return code
    return code if system in ("", REASONS) and code in load_reasons().by_key else f"{system}|{code}"


def _explained(extension: Any, path: str, faults: list[Fault]) -> bool | None:
    """What an entry says beyond CDS Hooks: whether the repeat was explained to the patient."""
    said = extension.get(EXPLAINED) if isinstance(extension, dict) else None
    if said is not None and not isinstance(said, bool):
        faults.append(Fault(f"{path}.extension.{EXPLAINED}", "wrong-type", "true or false"))
        return None
    return said


def _text(value: Any, path: str, faults: list[Fault]) -> str:
    if isinstance(value, str) and 0 < len(value) <= _NAME:
        return value
    faults.append(Fault(path, "required", f"a text of 1 to {_NAME} characters"))
    return ""
