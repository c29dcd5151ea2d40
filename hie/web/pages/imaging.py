"""The viewer of one examination: its pictures, and beside them verdict, reasons and report.

The page names the series; the pictures come from `/dicom-web`, which knows the same session. With
scripts a canvas shows them; without, the hub draws one picture after the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hie.errors import ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.prior_results import prior_study
from hie.oauth.door import actor_in
from hie.web.language import Language, language_of, say
from hie.web.pages import studies
from hie.web.pages.filters import Filters
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.pages.prior_results import patient_of
from hie.web.render import page

# Centre and width in Hounsfield units: what radiologists of the region set for these questions.
WINDOWS = (("lung", -600, 1500), ("mediastinum", 40, 400), ("bone", 400, 1800), ("brain", 40, 80))
# Of a longer series one instance is fetched ahead, before the metadata of all of them are there.
_MANY = 30


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}/images/{study}."""
    hub: Hub = request.app.state.hub
    patient, study = request.path_params["id"], request.path_params["study"]
    found = await prior_study(hub, actor_in(request), patient, study)
    if found is None or found["study"]["study"] is None:
        raise ResourceNotFound("no such patient")  # recorded, then told
    lang = language_of(request, hub.settings.language)
    return page(
        request,
        "imaging.html",
        hub.settings,
        person=person_of(request),
        **_context(request, found, f"/patients/{patient}", lang),
    )


def _context(
    request: Request, found: Mapping[str, Any], base: str, lang: Language
) -> dict[str, Any]:
    study, classes = found["study"], found["classes"]
    number = {studies.place_of(study): 0}
    listed = studies.shown_series(study) if studies.pictures(study) else []
    wanted = request.query_params.get("series")
    current = next((one for one in listed if one["uid"] == wanted), listed[0] if listed else None)
    own = f"{base}/images/{study['key']}"
    return {
        "page": "patients",
        "patient": patient_of(found["patient"], lang),
        "back": f"{base}?item={study['key']}",
        "study": studies.row(study, classes, number, Filters(), base, lang),
        "why": studies.why(study, classes, number, lang),
        "windows": WINDOWS,
        "study_address": study["images"],
        "series": [_listed(study, one, one is current, own, lang) for one in listed],
        "plain": _plain(study, current, request.query_params.get("image"), own, lang),
    }


def _listed(
    study: Mapping[str, Any], series: Mapping[str, Any], is_current: bool, own: str, lang: Language
) -> dict[str, Any]:
    instances: Sequence[str] = series["instances"]
    return {
        "uid": series["uid"],
        "modality": series["modality"],
        "text": series["description"]
        or say("series-number", lang, number=series["number"] if series["number"] else "–"),
        "count": series["count"],
        "ahead": instances[len(instances) // 2] if len(instances) > _MANY else "",
        "url": f"{own}?series={series['uid']}",
        "thumbnail": f"{studies.series_address(study, series)}/thumbnail",
        "current": is_current,
    }


def _plain(
    study: Mapping[str, Any],
    series: Mapping[str, Any] | None,
    image: str | None,
    own: str,
    lang: Language,
) -> dict[str, Any] | None:
    """One picture drawn by the hub and the way to its neighbours, for a reader without scripts."""
    instances: Sequence[str] = series["instances"] if series else ()
    if series is None or not instances:
        return None
    at = int(image) if image and image.isdecimal() and len(image) < 6 else 1
    at = min(max(at, 1), len(instances))
    step = f"{own}?series={series['uid']}&image="
    return {
        "src": f"{studies.series_address(study, series)}/instances/{instances[at - 1]}/rendered",
        "place": say("image-place", lang, at=at, of=len(instances)),
        "previous": f"{step}{at - 1}" if at > 1 else None,
        "next": f"{step}{at + 1}" if at < len(instances) else None,
    }
