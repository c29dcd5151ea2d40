"""Server-rendered pages, zh and en; the list below is all there is."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from hie.web.assets import Assets
from hie.web.pages import find, imaging, prior_results, sign_in

PAGES = {
    "/sign-in": "sign in",
    "/patients": "find a patient",
    "/patients/{id}": "earlier results and examinations with verdict, reasons and source",
    "/patients/{id}/images/{study}": "the images of one examination",
}


async def start(request: Request) -> Response:
    """GET /: where work begins."""
    return RedirectResponse("/patients", status_code=303)


WEB_ROUTES = [
    Route("/", start, methods=["GET"]),
    Route("/sign-in", sign_in.show, methods=["GET"]),
    Route("/sign-in", sign_in.submit, methods=["POST"]),
    Route("/sign-out", sign_in.leave, methods=["POST"]),
    Route("/patients", find.show, methods=["GET"]),
    Route("/patients", find.submit, methods=["POST"]),
    Route("/patients/{id}", prior_results.show, methods=["GET"]),
    Route("/patients/{id}/images/{study}", imaging.show, methods=["GET"]),
    Mount("/static", Assets()),
]
