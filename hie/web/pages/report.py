"""A report of a patient: a page and a PDF of what it says, and the files its source printed."""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hie.canonical.record_words import Language, word
from hie.errors import ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.report_shown import ShownReport, report_shown
from hie.exchange.result_history import WITHDRAWN
from hie.oauth.door import actor_in
from hie.web.pages.asked_form import lang_of
from hie.web.pages.given import Form, as_page, as_pdf, file
from hie.web.pages.guard import for_clinicians
from hie.web.report_sheet import report_sheet

# What a source's file may be given as; anything else is bytes that no browser opens by itself.
_MEDIA: Final = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "image/jpeg": "jpg",
    "image/png": "png",
}
_BYTES: Final = ("application/octet-stream", "bin")


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}/reports/{report}."""
    lang, shown = lang_of(request), await _shown(request, "html")
    patient = f"/patients/{request.path_params['id']}"
    hub: Hub = request.app.state.hub
    sheet = report_sheet(shown, lang, synthetic=hub.settings.synthetic)
    return as_page(request, sheet, _links(shown, patient, lang))


@for_clinicians
async def pdf(request: Request) -> Response:
    """GET /patients/{id}/reports/{report}/pdf."""
    lang, shown = lang_of(request), await _shown(request, "pdf")
    hub: Hub = request.app.state.hub
    return await as_pdf(report_sheet(shown, lang, synthetic=hub.settings.synthetic))


@for_clinicians
async def original(request: Request) -> Response:
    """GET /patients/{id}/reports/{report}/original/{n}: a file of the source, to be saved."""
    shown = await _shown(request, "original")
    for number, media, data in _files(shown):
        if str(number) == request.path_params["n"]:
            known = media if media in _MEDIA else _BYTES[0]
            name = f"report-{shown.report['id']}-{number}.{_MEDIA.get(media, _BYTES[1])}"
            return file(data, known, name)
    raise ResourceNotFound("no such file of this report")


async def _shown(request: Request, form: str) -> ShownReport:
    key, report = request.path_params["id"], request.path_params["report"]
    return await report_shown(request.app.state.hub, actor_in(request), key, report, form)


def _links(shown: ShownReport, patient: str, lang: Language) -> list[Form]:
    """The same as PDF, each file of the source, and the way back."""
    base = f"{patient}/reports/{shown.report['id']}"
    links = [Form(word("download-pdf", lang), f"{base}/pdf?lang={lang}")]
    for number, media, _ in _files(shown):
        kind = _MEDIA.get(media, _BYTES[1]).upper()
        name = word("download-original", lang, n=number, kind=kind)
        links.append(Form(name, f"{base}/original/{number}", download=True))
    return [*links, Form(word("to-patient", lang), f"{patient}?lang={lang}")]


def _files(shown: ShownReport) -> Iterator[tuple[int, str, bytes]]:
    """The files that came with a report, numbered from 1; of a withdrawn one none is given."""
    forms = () if shown.report.get("status") in WITHDRAWN else shown.report.get("presentedForm", ())
    for number, form in enumerate(forms, start=1):
        try:
            data = base64.b64decode(form.get("data") or "", validate=True)
        except (binascii.Error, ValueError):
            continue
        if data:
            yield number, form.get("contentType", "").split(";")[0].strip().lower(), data
