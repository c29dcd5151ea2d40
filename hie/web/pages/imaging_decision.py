"""Deciding from the viewer: on the check it was opened from, or on one that is asked for it.

To use the study is one press; why a test is repeated is said on the page of the check, which this
leads to. The form carries a key of its own: sent twice, it decides once.
"""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.errors import ResourceNotFound, UnprocessableRequest
from hie.exchange.decide import ResultChanged, decide
from hie.exchange.hub import Hub
from hie.exchange.study_decision import REF, ask_about_study, line_of
from hie.fhir.wire import write
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.store.decisions import AlreadyDecided
from hie.web.pages.guard import for_clinicians
from hie.web.pages.imaging import viewer

PROBLEMS = ("meanwhile", "changed", "other")  # what may stand in the way
_LONGEST = 200


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /patients/{id}/images/{study}: recorded, or on to the check where it is decided."""
    form = await read_form(request, session_in(request).csrf)
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    hub: Hub = request.app.state.hub
    sent = {name: str(value)[:_LONGEST] for name, value in form.items() if name != "csrf"}
    patient, study = request.path_params["id"], request.path_params["study"]
    if not sent.get("check"):
        department = session_in(request).department
        asked = await ask_about_study(hub, actor, patient, study, department)
        if asked is None:
            raise ResourceNotFound("no such study, or none that can be ordered")
        return _to_check(asked, REF)
    line = await line_of(hub, actor, sent["check"], sent.get("ref", ""), study)
    if line is None:
        raise ResourceNotFound("the check says nothing of this study")
    decision = {"ref": line.ref, "decision": "use", "assessment": line.said["assessment"]}
    body = {
        "check": line.check,
        "key": sent.get("key", ""),
        "practitioner": actor.subject,
        "decisions": [{**decision, "replaces": line.replaces}],
    }
    try:
        await decide(hub, actor, write(body), refuse_changed=True)
    except AlreadyDecided:
        return await viewer(request, problem="meanwhile", status=409)
    except ResultChanged:
        return await viewer(request, problem="changed", status=409)
    except UnprocessableRequest:
        return await viewer(request, problem="other", status=422)
    return _to_check(line.check, line.ref)


def _to_check(check: str, ref: str) -> Response:
    return RedirectResponse(f"/checks/{check}?{urlencode({'order': ref})}", status_code=303)
