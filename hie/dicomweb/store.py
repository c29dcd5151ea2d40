"""STOW-RS: instances are kept before they are acknowledged, each for itself (PS3.18 10.5)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hie.access.policy import permit, permit_institution
from hie.access.scopes import Door
from hie.adapter import Site
from hie.dicomweb.answers import answered, hub_of
from hie.dicomweb.find import base_of
from hie.dicomweb.media import DICOM, JSON
from hie.errors import (
    Conflict,
    Fault,
    MalformedMessage,
    NotPermitted,
    ResourceNotFound,
    UnsupportedMedia,
)
from hie.exchange import sites
from hie.exchange.body_parts import boundary_of, parts
from hie.exchange.imaging_profile import takes_images
from hie.exchange.keep_instances import KeptInstance, keep_file
from hie.oauth.door import actor_in
from hie.store.instance_files import InstanceFiles

_CANNOT_UNDERSTAND = 0xC000  # PS3.18 table 10.5.1-1: Error: Cannot understand
_NO_MATCH = 0xA900  # Error: Data Set does not match
_UNSUPPORTED = 0x0110  # Processing failure: a part that is no DICOM


@answered
async def store(request: Request) -> Response:
    """POST …/studies and …/studies/{study}: 200 all kept, 202 some refused, 409 none kept.

    A full disk answers 503 for the whole request: what was kept before stays, and sending all of
    it again changes nothing.
    """
    site = await _site(request)
    media = request.headers.get("content-type", "")
    kind = media.split(";")[0].strip().lower()
    if kind != "multipart/related" or f'type="{DICOM}"' not in media.replace(
        " ", ""
    ).lower().replace(f"type={DICOM}", f'type="{DICOM}"'):
        expected = f'multipart/related; type="{DICOM}"'
        raise UnsupportedMedia(
            "STOW-RS takes DICOM files", (Fault("Content-Type", "media", expected),)
        )
    hub = hub_of(request)
    files = InstanceFiles.below(hub.settings.data_dir)
    meta = {"client": actor_in(request).client}
    kept: list[KeptInstance] = []
    failed: list[tuple[str, str, int]] = []
    async for part, path in parts(request.stream(), boundary_of(media), files.new):
        if part.split(";")[0].strip() not in {DICOM, ""}:
            path.unlink(missing_ok=True)
            failed.append(("", "", _UNSUPPORTED))
            continue
        try:
            study = request.path_params.get("study")
            kept.append(await keep_file(hub, site.id, path, meta, study=study))
        except MalformedMessage:
            failed.append(("", "", _CANNOT_UNDERSTAND))
        except Conflict:
            failed.append(("", "", _NO_MATCH))
    status = 200 if kept and not failed else 202 if kept else 409
    return JSONResponse(
        _told(base_of(request, site.id), kept, failed),
        status_code=status,
        media_type=JSON,
        headers={"Cache-Control": "no-store"},
    )


async def _site(request: Request) -> Site:
    """The caller's own archive: the one named, or the only one there is."""
    actor = actor_in(request)
    permit(actor, Door.INTAKE)
    known = await sites.all_sites(hub_of(request))
    own = [
        one
        for one in known.values()
        if takes_images(one.site) and one.site.institution == actor.institution
    ]
    name = request.path_params.get("site")
    if name is not None:
        own = [one for one in own if one.site.id == name]
    if not own:
        raise ResourceNotFound("no such site of this institution")
    if len(own) > 1:
        names = ", ".join(sorted(f"/dicom-web/sites/{one.site.id}/studies" for one in own))
        raise Conflict("several sites of this institution", (Fault("site", "ambiguous", names),))
    permit_institution(actor, own[0].site.institution)
    if not own[0].enabled:
        raise NotPermitted(f"site {own[0].site.id!r} is disabled")
    return own[0].site


def _told(
    base: str, kept: list[KeptInstance], failed: list[tuple[str, str, int]]
) -> dict[str, Any]:
    """The Store Instances response (PS3.18 table 10.5.3-1), as DICOM JSON."""
    answer: dict[str, Any] = {}
    kept_studies = sorted({one.study for one in kept})
    if len(kept_studies) == 1:
        answer["00081190"] = {"vr": "UR", "Value": [f"{base}/studies/{kept_studies[0]}"]}
    if failed:
        answer["00081198"] = {
            "vr": "SQ",
            "Value": [
                {
                    "00081150": _value("UI", sop_class),
                    "00081155": _value("UI", sop),
                    "00081197": _value("US", reason),
                }
                for sop_class, sop, reason in failed
            ],
        }
    if kept:
        answer["00081199"] = {
            "vr": "SQ",
            "Value": [
                {
                    "00081150": _value("UI", one.sop_class),
                    "00081155": _value("UI", one.sop),
                    "00081190": _value(
                        "UR",
                        f"{base}/studies/{one.study}/series/{one.series}/instances/{one.sop}",
                    ),
                }
                for one in kept
            ],
        }
    return answer


def _value(vr: str, value: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]} if value != "" else {"vr": vr}
