"""A sheet on its way out: as a page or a PDF, never kept by anybody on the way."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import wraps

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.canonical.record_words import word
from hie.errors import Conflict
from hie.exchange.hub import Hub
from hie.web.pages.guard import Handler, person_of
from hie.web.paper import write_pdf
from hie.web.render import page
from hie.web.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Form:
    """A link to the same in another form."""

    name: str
    url: str
    download: bool = False


async def as_pdf(sheet: Sheet) -> Response:
    """The sheet as PDF; drawn beside the event loop, for it takes its time."""
    body = await asyncio.to_thread(write_pdf, sheet)
    return file(body, "application/pdf", f"{sheet.name}.pdf", inline=True)


def as_page(request: Request, sheet: Sheet, forms: Sequence[Form] = ()) -> Response:
    """The sheet as a page; links to other forms are for people, whose session opens them."""
    hub: Hub = request.app.state.hub
    person = person_of(request)
    return page(
        request,
        "sheet.html",
        hub.settings,
        person=person,
        sheet=sheet,
        forms=forms if person is not None else (),
        w=lambda key: word(key, sheet.lang),
    )


def elsewhere(handler: Handler) -> Handler:
    """A page whose decision has no such sheet leads on to the one it has.

    A decision to repeat has a notice, one that was replaced has a successor.
    """

    @wraps(handler)
    async def led(request: Request) -> Response:
        try:
            return await handler(request)
        except Conflict as conflict:
            fault = next(iter(conflict.faults), None)
            kind = request.url.path.rpartition("/")[2]
            if fault is not None and fault.code == "not-a-use":
                place = f"/decisions/{request.path_params['id']}/{kind.replace('record', 'notice')}"
            elif fault is not None and fault.code == "replaced" and fault.expected:
                place = f"{fault.expected.removeprefix('/v1')}/{kind}"
            else:
                raise
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(place.replace("notice.hl7", "notice") + query, status_code=303)

    return led


def file(body: bytes, media: str, name: str, *, inline: bool = False) -> Response:
    """A file; its name is made of ids alone, so that it needs no escaping and names nobody."""
    place = "inline" if inline else "attachment"
    return Response(
        body,
        media_type=media,
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'{place}; filename="{name}"',
        },
    )
