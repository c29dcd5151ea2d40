"""A patient's Consents: what stands, a form that is signed and recorded, one that is withdrawn."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.consent.forms import Filled, forms
from hie.consent.minors import BIRTH_DATE
from hie.consent.words import topic_names
from hie.errors import Fault, UnprocessableRequest
from hie.exchange import consent_desk
from hie.exchange.consenting import TOO_MANY
from hie.exchange.hub import Hub
from hie.fhir.elements import instant
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.web.language import Language, language_of, say
from hie.web.pages.comparison import minute
from hie.web.pages.guard import for_clinicians, person_of
from hie.web.render import page
from hie.web.sheet import Block, Sheet, legible, rows

# What may be wrong, by the field it is told at, or its code; anything else is told as `form`.
WRONG = ("form", "institutions", "topics", "guardian", "until", TOO_MANY, BIRTH_DATE)
KINDS = ("permit", "deny", "none")  # of a Consent that is of no form
STATUSES = ("active", "inactive", "draft", "proposed", "rejected", "entered-in-error")
_SEVERAL = frozenset({"institutions", "topics"})  # of a form, each as often as it is chosen


@for_clinicians
async def show(request: Request) -> Response:
    """GET /patients/{id}/consents."""
    return await _page(request)


@for_clinicians
async def submit(request: Request) -> Response:
    """POST /patients/{id}/consents: record what was signed (`record`), or end it (`withdraw`)."""
    form = await read_form(request, session_in(request).csrf, _SEVERAL)
    hub: Hub = request.app.state.hub
    actor, patient = actor_in(request), request.path_params["id"]
    if form.get("do") == "withdraw":
        await consent_desk.withdraw(hub, actor, str(form.get("consent", "")))
        return RedirectResponse(f"/patients/{patient}/consents", status_code=303)
    signer = "guardian" if form.get("signer") == "guardian" else "patient"
    filled = Filled(
        str(form.get("form", "")),
        tuple(str(one) for one in form.getlist("institutions") if one),
        tuple(str(one) for one in form.getlist("topics") if one),
        emergency=form.get("emergency") == "1",
        guardian=str(form.get("guardian", "")).strip()[:100],
        until=str(form.get("until", "")).strip(),
        lang=language_of(request, hub.settings.language),
    )
    try:
        _check_signer(signer, filled.guardian)
        key = await consent_desk.record(hub, actor, patient, filled)
    except UnprocessableRequest as error:
        return await _page(request, filled, error.faults, signer)
    return RedirectResponse(f"/consents/{key}", status_code=303)


@for_clinicians
async def sheet(request: Request) -> Response:
    """GET /consents/{id}: the Consent as it was signed, to be printed."""
    hub: Hub = request.app.state.hub
    lang = language_of(request, hub.settings.language)
    found = await consent_desk.one_of(hub, actor_in(request), request.path_params["id"])
    names = await _names(hub)
    attached = found["resource"].get("sourceAttachment", {})
    shown = _row(found, names, lang)
    signed = Sheet(
        name=f"consent-{found['consent']}",
        lang=lang,
        title=legible(attached.get("title")) or shown["title"],
        subtitle=names.get(found["by"], found["by"]),
        blocks=(
            Block(
                say("consent-text", lang), text=legible(consent_desk.words_of(found["resource"]))
            ),
            Block(
                say("consent-what", lang),
                rows(
                    (say("consent-col-status", lang), shown["status"]),
                    (say("consent-col-at", lang), minute(str(found["at"]))),
                    (say("consent-col-until", lang), found["until"]),
                    (say("consent-col-institutions", lang), shown["institutions"]),
                    (say("consent-col-topics", lang), shown["topics"]),
                    (say("consent-col-signer", lang), shown["signer"]),
                    (say("consent-col-hash", lang), consent_desk.hash_of(found["resource"])),
                ),
            ),
        ),
        whose="",
        alerts=(),
        note=(),
        sign=(say("consent-sign-patient", lang), say("consent-sign-witness", lang)),
    )
    return page(
        request, "sheet.html", hub.settings, person=person_of(request), sheet=signed, forms=(),
        w=lambda key: say(key, lang), page="patients",
    )  # fmt: skip


def _check_signer(signer: str, guardian: str) -> None:
    """Who signed, said once and not twice differently; raises UnprocessableRequest."""
    if (signer == "guardian") == bool(guardian):
        return
    fault = Fault("guardian", "required", "how who signed is related")
    if guardian:
        fault = Fault("guardian", "not-asked", "nothing: the patient signed")
    raise UnprocessableRequest("the form is not filled in", (fault,))


async def _page(
    request: Request,
    filled: Filled | None = None,
    faults: Sequence[Fault] = (),
    signer: str = "patient",
) -> Response:
    hub: Hub = request.app.state.hub
    lang = language_of(request, hub.settings.language)
    patient = request.path_params["id"]
    found = await consent_desk.standing(hub, actor_in(request), patient)
    names = await _names(hub)
    mine = session_in(request).institution
    given = filled or Filled("")
    return page(
        request,
        "consents.html",
        hub.settings,
        person=person_of(request),
        status=422 if faults else 200,
        page="patients",
        patient=patient,
        consents=[{**_row(one, names, lang), "mine": one["by"] == mine} for one in found],
        forms=[
            {"key": one.key, "title": one.titles[lang], "text": one.texts[lang]}
            for one in forms().values()
        ],
        institutions=sorted(names.items(), key=lambda one: one[1]),
        topics=topic_names(lang),
        given=given,
        signer=signer,
        wrong=sorted({_wrong(one) for one in faults}),
    )


def _wrong(fault: Fault) -> str:
    return next((one for one in (fault.path, fault.code) if one in WRONG), "form")


def _row(one: Mapping[str, Any], names: Mapping[str, str], lang: Language) -> dict[str, Any]:
    titles, topics = consent_desk.titles(lang), topic_names(lang)
    guardian, joint = one["guardian"], say("list-joint", lang)
    signer = say(f"consent-signer-{'patient' if guardian is None else 'guardian'}", lang)
    return {
        "id": one["consent"],
        "title": titles.get(one["form"] or "", say(f"consent-type-{one['type'] or 'none'}", lang)),
        "active": one["status"] == "active",
        "status": say(f"consent-status-{one['status']}", lang),
        "at": minute(str(one["at"]))[:10],
        "until": one["until"],
        "institutions": joint.join(legible(names.get(code, code)) for code in one["institutions"]),
        "topics": joint.join(legible(topics.get(code, code)) for code in one["topics"]),
        "by": names.get(one["by"], one["by"]),
        "signer": legible(guardian) or signer,
    }


async def _names(hub: Hub) -> dict[str, str]:
    """The institutions of the register by code."""
    registers, _ = await hub.registers.current()
    today = instant(time.time_ns() // 1000).date()
    codes = registers.codes()
    return {code: name for code in codes if (name := registers.name(code, today))}
