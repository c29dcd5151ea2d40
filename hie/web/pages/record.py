"""The record of a result a clinician decided to use (R-903): page, PDF, FHIR document, HL7 v2 file.

`/v1/decisions/{id}/record` is the door of systems, `/decisions/{id}/record` the page of clinicians;
both give the same.
"""

from starlette.requests import Request
from starlette.responses import Response

from hie.access.policy import permit
from hie.access.scopes import Door
from hie.canonical.document import write_document
from hie.canonical.oru_file import write_oru
from hie.canonical.record_words import Language, word
from hie.exchange.hub import Hub
from hie.exchange.used_record import used_record
from hie.fhir.document import document_bytes
from hie.oauth.door import actor_in
from hie.web.pages.asked_form import MEDIA, charset_of, form_of, lang_of
from hie.web.pages.given import Form, as_page, as_pdf, elsewhere, file
from hie.web.pages.guard import for_clinicians
from hie.web.record_sheet import record_sheet

FORMS = ("json", "pdf", "hl7", "html")


async def give(request: Request) -> Response:
    """GET /v1/decisions/{id}/record and /record.{form}."""
    actor = actor_in(request)
    permit(actor, Door.DECIDE)
    return await _given(request, form_of(request, FORMS))


@for_clinicians
@elsewhere
async def show(request: Request) -> Response:
    """GET /decisions/{id}/record and /record.{form}: the page, unless another form is named."""
    permit(actor_in(request), Door.DECIDE)
    return await _given(
        request, form_of(request, FORMS) if "form" in request.path_params else "html"
    )


async def _given(request: Request, form: str) -> Response:
    hub: Hub = request.app.state.hub
    lang, charset = lang_of(request), charset_of(request, form)
    key = request.path_params["id"]
    record = await used_record(hub, actor_in(request), key, form)
    if form == "json":
        body = document_bytes(write_document(record, lang))
        return file(body, MEDIA[form], f"record-{key}.json")
    if form == "hl7":
        return file(write_oru(record, lang, charset), MEDIA[form], f"record-{key}.hl7")
    sheet = record_sheet(record, lang, synthetic=hub.settings.synthetic)
    if form == "pdf":
        return await as_pdf(sheet)
    return as_page(request, sheet, _links(request, lang))


def _links(request: Request, lang: Language) -> list[Form]:
    base = request.url.path.removesuffix(".html")
    tail = f"?lang={lang}"
    return [
        Form(word("download-pdf", lang), f"{base}.pdf{tail}"),
        Form(word("download-hl7", lang), f"{base}.hl7{tail}", download=True),
        Form(word("download-fhir", lang), f"{base}.json{tail}", download=True),
    ]
