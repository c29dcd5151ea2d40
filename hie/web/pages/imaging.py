"""The viewer of one examination: its pictures, and beside them verdict, reasons and report.

The page names the series; the pictures come from `/dicom-web`, which knows the same session. With
scripts a canvas shows them; without, the hub draws one picture after the other. A second study of
the same patient may stand beside (`with`); who comes from a check (`check`, `order`) decides there.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hie.errors import ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.prior_results import prior_study
from hie.exchange.study_decision import Line, line_of
from hie.oauth.door import actor_in
from hie.oauth.frames import is_framed
from hie.recognition.reminders import OFFERED
from hie.store.ids import new_id
from hie.web.full_viewer import address_for
from hie.web.language import Language, language_of, say
from hie.web.pages import studies
from hie.web.pages.comparison import minute
from hie.web.pages.filters import Filters
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.pages.prior_results import patient_of
from hie.web.render import page

# Centre and width in Hounsfield units: what radiologists of the region set for these questions.
WINDOWS = (("lung", -600, 1500), ("mediastinum", 40, 400), ("bone", 400, 1800), ("brain", 40, 80))
# What dragging does, where it is not the window.
DRAGS = ("stack", "window", "pan", "zoom")
# What a reader asks of images first, by the rule that answers it; the other findings stand below.
FACTS = (("part", "R-603"), ("quality", "R-207"), ("complete", "R-601"))
# Of a longer series one instance is fetched ahead, before the metadata of all of them are there.
_MANY = 30


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}/images/{study}."""
    return await viewer(request)


async def viewer(request: Request, *, problem: str = "", status: int = 200) -> Response:
    """The page, and what stood in the way of a decision."""
    hub: Hub = request.app.state.hub
    patient, study = request.path_params["id"], request.path_params["study"]
    actor, query = actor_in(request), request.query_params
    check, ref = query.get("check"), query.get("order")
    line = await line_of(hub, actor, check, ref, study) if check and ref else None
    found = await prior_study(
        hub, actor, patient, study, beside=query.get("with"), said=line.said if line else None
    )
    if found is None or found["study"]["study"] is None:
        raise ResourceNotFound("no such patient")  # recorded, then told
    lang = language_of(request, hub.settings.language)
    return page(
        request,
        "imaging.html",
        hub.settings,
        person=person_of(request),
        status=status,
        problem=problem,
        **_context(request, found, line, f"/patients/{patient}", lang),
    )


def _context(
    request: Request, found: Mapping[str, Any], line: Line | None, base: str, lang: Language
) -> dict[str, Any]:
    study, classes, beside = found["study"], found["classes"], found["beside"]
    number = {studies.place_of(study): 0}
    own = _Own(f"{base}/images/{study['key']}", line, beside["key"] if beside else None)
    series, current = _series(study, request.query_params.get("series"), own, lang)
    panes = [_pane(study, series, "", classes, lang)]
    if beside is not None:
        other = _Own(f"{base}/images/{beside['key']}", None, None)
        panes.append(_pane(beside, _series(beside, None, other, lang)[0], "-2", classes, lang))
    check = f"/checks/{line.check}?{urlencode({'order': line.ref})}" if line else None
    return {
        "page": "patients",
        "patient": patient_of(found["patient"], lang),
        "back": check or f"{base}?item={study['key']}",
        "study": studies.row(study, classes, number, Filters(), base, lang),
        "facts": _facts(study, lang),
        "why": studies.why(study, classes, number, lang),
        "windows": WINDOWS,
        "drags": DRAGS,
        "panes": panes,
        "series": series,
        "beside": _beside(beside, classes, base, lang) if beside else None,
        "others": [_other(one, classes, beside, own, lang) for one in found["others"]],
        "alone": own.address(beside=None),
        "decision": _decision(study, line, own, check),
        "full": None if is_framed(request.scope) else _full(request, study, beside),
        "plain": _plain(study, current, request.query_params.get("image"), own, lang),
    }


def _facts(study: Mapping[str, Any], lang: Language) -> list[tuple[str, str]]:
    """What the engine says of these, as (key, sentence); where it was not asked, the counts."""
    candidate = study["candidate"] or {"findings": []}
    said = {one["rule"]: one["text"][lang] for one in candidate["findings"]}
    found = [(key, said[rule]) for key, rule in FACTS if rule in said]
    return found or [("complete", studies.counts(study, lang))]


class _Own:
    """The page's own address, with what it was opened for."""

    def __init__(self, path: str, line: Line | None, beside: str | None) -> None:
        self._path = path
        self._line = {"check": line.check, "order": line.ref} if line else {}
        self._beside = {"with": beside} if beside else {}

    def address(self, *, beside: str | None = "", **more: str) -> str:
        """With another study beside, or none; "" leaves the one that is."""
        kept = self._beside if beside == "" else {"with": beside} if beside else {}
        query = urlencode({**self._line, **kept, **more})
        return f"{self._path}?{query}" if query else self._path


def _full(
    request: Request, study: Mapping[str, Any], beside: Mapping[str, Any] | None
) -> str | None:
    """Where the full viewer opens what is shown: by the UIDs that addresses of images end with."""
    shown = [study] if beside is None else [study, beside]
    uids = [str(one["images"]).rpartition("/")[2] for one in shown]
    return address_for(request.app.state.hub, *uids)


def _series(
    study: Mapping[str, Any], wanted: str | None, own: _Own, lang: Language
) -> tuple[list[dict[str, Any]], Mapping[str, Any] | None]:
    """The series with pictures, and the one that is shown first."""
    listed = studies.shown_series(study) if studies.pictures(study) else []
    current = next((one for one in listed if one["uid"] == wanted), listed[0] if listed else None)
    return [_listed(study, one, one is current, own, lang) for one in listed], current


def _pane(
    study: Mapping[str, Any],
    series: Sequence[Mapping[str, Any]],
    suffix: str,
    classes: Mapping[str, Mapping[str, str]],
    lang: Language,
) -> dict[str, Any]:
    """One viewport; `suffix` ends the ids of its elements."""
    shown = studies.row(study, classes, {}, Filters(), "", lang)
    return {
        "suffix": suffix,
        "address": study["images"],
        "series": series,
        "title": shown["title"],
        "institution": shown["institution"],
        "taken": shown["taken"],
    }


def _listed(
    study: Mapping[str, Any], series: Mapping[str, Any], is_current: bool, own: _Own, lang: Language
) -> dict[str, Any]:
    instances: Sequence[str] = series["instances"]
    return {
        "uid": series["uid"],
        "modality": series["modality"],
        "text": series["description"]
        or say("series-number", lang, number=series["number"] if series["number"] else "–"),
        "count": series["count"],
        "ahead": instances[len(instances) // 2] if len(instances) > _MANY else "",
        "url": own.address(series=series["uid"]),
        "thumbnail": f"{studies.series_address(study, series)}/thumbnail",
        "current": is_current,
    }


def _other(
    one: Mapping[str, Any],
    classes: Mapping[str, Mapping[str, str]],
    beside: Mapping[str, Any] | None,
    own: _Own,
    lang: Language,
) -> dict[str, Any]:
    """Another study of the patient, to stand beside this one."""
    shown = studies.row(one, classes, {}, Filters(), "", lang)
    return {
        "url": own.address(beside=one["key"]),
        "title": shown["title"],
        "taken": shown["taken"],
        "institution": shown["institution"],
        "current": beside is not None and beside["key"] == one["key"],
    }


def _beside(
    study: Mapping[str, Any], classes: Mapping[str, Mapping[str, str]], base: str, lang: Language
) -> dict[str, Any]:
    """What is said of the study that stands beside: verdict, source, report."""
    row = studies.row(study, classes, {}, Filters(), base, lang)
    return {**row, "open": f"{base}/images/{study['key']}"}


def _decision(
    study: Mapping[str, Any], line: Line | None, own: _Own, check: str | None
) -> dict[str, Any]:
    """What may be decided from here, and what stands; without a check one is asked first."""
    outcome = studies.outcome_of(study)
    return {
        "action": own.address(),
        "check": check,
        "id": line.check if line else "",
        "ref": line.ref if line else "",
        "key": new_id(),
        "may_use": line.may_use if line else outcome in OFFERED,
        "may_ask": bool(outcome),
        "standing": {**line.standing, "at": minute(line.standing["at"])}
        if line and line.standing
        else None,
    }


def _plain(
    study: Mapping[str, Any],
    series: Mapping[str, Any] | None,
    image: str | None,
    own: _Own,
    lang: Language,
) -> dict[str, Any] | None:
    """One picture drawn by the hub and the way to its neighbours, for a reader without scripts."""
    instances: Sequence[str] = series["instances"] if series else ()
    if series is None or not instances:
        return None
    at = int(image) if image and image.isdecimal() and len(image) < 6 else 1
    at = min(max(at, 1), len(instances))

    def step(to: int) -> str:
        return own.address(series=series["uid"], image=str(to))

    return {
        "src": f"{studies.series_address(study, series)}/instances/{instances[at - 1]}/rendered",
        "place": say("image-place", lang, at=at, of=len(instances)),
        "previous": step(at - 1) if at > 1 else None,
        "next": step(at + 1) if at < len(instances) else None,
    }
