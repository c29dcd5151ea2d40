"""The notice to the patient (R-902): of one decision, or of all of a check on one sheet."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hie.access.actor import Actor
from hie.access.policy import permit
from hie.access.scopes import Door
from hie.canonical.notice import Notice
from hie.canonical.record_words import word
from hie.exchange.hub import Hub
from hie.exchange.notices import notice_of_check, notice_of_decision
from hie.oauth.door import actor_in
from hie.web.notice_sheet import notice_sheet
from hie.web.pages.asked_form import charset_of, form_of, lang_of
from hie.web.pages.given import Form, as_page, as_pdf, elsewhere, file
from hie.web.pages.guard import for_clinicians

FORMS = ("json", "pdf", "html")
_Find = Callable[[Hub, Actor, str, str], Awaitable[Notice]]


async def give(request: Request) -> Response:
    """GET /v1/decisions/{id}/notice and /notice.{form}."""
    permit(actor_in(request), Door.DECIDE)
    return await _given(request, form_of(request, FORMS), notice_of_decision)


async def give_of_check(request: Request) -> Response:
    """GET /v1/checks/{id}/notice and /notice.{form}."""
    permit(actor_in(request), Door.DECIDE)
    return await _given(request, form_of(request, FORMS), notice_of_check)


@for_clinicians
@elsewhere
async def show(request: Request) -> Response:
    """GET /decisions/{id}/notice and /notice.{form}."""
    permit(actor_in(request), Door.DECIDE)
    return await _given(request, _form(request), notice_of_decision)


@for_clinicians
@elsewhere
async def show_of_check(request: Request) -> Response:
    """GET /checks/{id}/notice and /notice.{form}."""
    permit(actor_in(request), Door.DECIDE)
    return await _given(request, _form(request), notice_of_check)


def _form(request: Request) -> str:
    return form_of(request, FORMS) if "form" in request.path_params else "html"


async def _given(request: Request, form: str, find: _Find) -> Response:
    hub: Hub = request.app.state.hub
    lang = lang_of(request)
    charset_of(request, form)
    key = request.path_params["id"]
    notice = await find(hub, actor_in(request), key, form)
    if form == "json":
        return file(msgspec.json.encode(notice), "application/json", f"notice-{key}.json")
    sheet = notice_sheet(notice, lang, synthetic=hub.settings.synthetic)
    if form == "pdf":
        return await as_pdf(sheet)
    base = request.url.path.removesuffix(".html")
    return as_page(request, sheet, [Form(word("download-pdf", lang), f"{base}.pdf?lang={lang}")])
