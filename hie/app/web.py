"""The web application of an opened hub: its routes, its limits, and what a failure answers."""

import time
from functools import partial

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hie import __version__
from hie.api import FHIR_ROUTES
from hie.api.openapi import PATH, openapi
from hie.api.problem import problem
from hie.api.v1 import V1_ROUTES
from hie.app.straight import Straight
from hie.cds.routes import CDS_ROUTES
from hie.cds.routes import refused as refused_call
from hie.dicomweb.pool import PixelPool
from hie.dicomweb.routes import DICOMWEB_ROUTES
from hie.errors import AccessRefused, Altered, HubError, RequestRefused, TooMany
from hie.exchange.hub import Hub
from hie.exchange.measured import measured
from hie.intake.http import INTAKE_ROUTES
from hie.oauth.bearer_door import BearerDoor
from hie.oauth.cds_client import SERVICES
from hie.oauth.cross_origin import CrossOrigin
from hie.oauth.door import Door
from hie.oauth.frames import Frames
from hie.oauth.hardening import BodyLimit, Hardening
from hie.oauth.outermost import Outermost, record_fault
from hie.oauth.routes import routes as oauth_routes
from hie.status import status_of
from hie.store import message_list
from hie.web import SHEET_ROUTES, WEB_ROUTES
from hie.web.full_viewer import FULL_VIEWER_ROUTES, check_folder
from hie.web.pages.unserved import failed, refused_page, unserved

_LONGEST_BODY = 3600.0  # seconds a body of images may take


def web_app(hub: Hub) -> ASGIApp:
    """The whole web application of an opened hub, behind its doors."""
    if hub.settings.ohif_dir is not None:
        check_folder(hub.settings.ohif_dir)
    app = FastAPI(title="hie", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hub = hub
    app.state.pixels = PixelPool(hub.settings.pixel_workers)
    hub.at_close.append(app.state.pixels.close)
    bearer = BearerDoor(hub.entrance)
    app.router.routes.extend(
        [
            *oauth_routes(hub.entrance, bearer),
            *FHIR_ROUTES,
            *V1_ROUTES,
            *CDS_ROUTES,
            *SHEET_ROUTES,
            *INTAKE_ROUTES,
            *DICOMWEB_ROUTES,
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", _metrics),
            Route(PATH, openapi, methods=["GET"]),
            *WEB_ROUTES,
            *FULL_VIEWER_ROUTES,
        ]
    )

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, AccessRefused | TooMany | RequestRefused | Altered):
            await hub.entrance.refusals.record_error(request.scope, error)
        if not isinstance(error, HubError):
            raise error
        if status_of(error) == 500:
            record_fault(request.scope, error)
        if request.url.path.startswith(SERVICES):
            return refused_call(error)
        return problem(error)

    app.add_exception_handler(HubError, refused)
    app.add_exception_handler(Exception, failed)
    app.add_exception_handler(HTTPException, unserved)
    limits = [
        BodyLimit("/oauth", 32 * 1024),
        # A study over a slow line takes its time; what is no image is cut at `intake_limit` there.
        BodyLimit("/intake", hub.settings.instance_limit, _LONGEST_BODY),
        BodyLimit("/dicom-web", hub.settings.instance_limit, _LONGEST_BODY),
    ]
    page = partial(refused_page, app)
    door = Door(Straight(app, FHIR_ROUTES), bearer=bearer, page=page)
    whole: ASGIApp = Hardening(
        Outermost(CrossOrigin(door, entrance=hub.entrance)),
        default_limit=hub.settings.body_limit,
        https=hub.settings.address.startswith("https"),
        body_limits=limits,
        told=hub.entrance.refusals.record_head,
    )
    if hub.settings.frame_origins:
        whole = Frames(whole, hub.settings.frame_origins)
    app.state.whole = whole  # each entry of a batch goes through all of it
    return whole


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    try:
        async with hub.db.reading() as reader:
            waiting = await message_list.oldest_waiting_us(reader)
    except HubError as error:
        return JSONResponse({"status": "not ready", "reason": error.text}, status_code=503)
    age = 0 if waiting is None else max(0, time.time_ns() // 1000 - waiting) // 1_000_000
    return JSONResponse({"status": "ready", "oldest_waiting_seconds": age})


async def _metrics(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    return Response(await measured(hub), media_type="text/plain; version=0.0.4")
