"""Server-rendered pages, zh and en; the list below is all there is."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from hie.web.assets import Assets
from hie.web.pages import (
    apps,
    authorize,
    break_glass,
    check,
    consents,
    find,
    glass,
    held_message,
    imaging,
    imaging_decision,
    launch,
    messages,
    notice,
    orders,
    outcomes,
    prior_results,
    record,
    report,
    sign_in,
    sign_in_with,
    work,
)
from hie.web.pages.guard import person_of

PAGES = {
    "/sign-in": "sign in",
    "/sign-in/with/{provider}": "to an identity provider, to sign in there",
    "/sign-in/back/{provider}": "back from it, with its answer",
    "/oauth/authorize": "an app is let in for a person, who chooses a patient where it needs one",
    "/launch": "the page a launch ticket was made for",
    "/patients": "find a patient",
    "/patients/{id}": "earlier results and examinations with verdict, reasons and source",
    "/patients/{id}/images/{study}": "the images of an examination, another beside; deciding on it",
    "/patients/{id}/reports/{report}": "a report as its source issued it",
    "/patients/{id}/reports/{report}/pdf": "the same as PDF",
    "/patients/{id}/reports/{report}/original/{n}": "a file the source printed",
    "/patients/{id}/orders": "what is about to be ordered",
    "/patients/{id}/consents": "what a patient permits: what stands, recording, withdrawing",
    "/consents/{id}": "one Consent as it was signed",
    "/checks/{id}": "an order-check: all its orders as one decision, or one of them in full",
    "/break-glass": "emergency access to one patient's withheld results",
    "/glass": "the reviews of emergency access",
    "/messages": "what flows from the institution's systems, what is held and why, codes to map",
    "/messages/{id}": "one message: where it stopped and why, and the way on",
    "/outcomes": "recognition, repeats and savings of the institution",
    "/outcomes.csv": "the same as a file",
    "/work": "reopened decisions of the institution: what changed, and deciding anew",
    "/decisions/{id}/record": "the record of a result that is used",
    "/decisions/{id}/record.{form}": "the same as a file",
    "/decisions/{id}/notice": "the notice to the patient of one decision",
    "/decisions/{id}/notice.{form}": "the same as a file",
    "/checks/{id}/notice": "the notice to the patient of all decisions of a check",
    "/checks/{id}/notice.{form}": "the same as a file",
}


async def start(request: Request) -> Response:
    """GET /: where work begins."""
    person = person_of(request)
    leads = person is not None and person.sees_outcomes
    reviews = person is not None and person.reviews
    connects = person is not None and person.connects
    begins = "/outcomes" if leads else "/glass" if reviews else "/patients"
    return RedirectResponse("/messages" if connects else begins, status_code=303)


WEB_ROUTES = [
    Route("/", start, methods=["GET"]),
    Route("/sign-in", sign_in.show, methods=["GET"]),
    Route("/sign-in", sign_in.submit, methods=["POST"]),
    Route("/sign-in/with/{provider}", sign_in_with.show, methods=["GET"]),
    Route("/sign-in/back/{provider}", sign_in_with.back, methods=["GET"]),
    Route("/sign-out", sign_in.leave, methods=["POST"]),
    Route("/oauth/authorize", authorize.show, methods=["GET"]),
    Route("/oauth/authorize", authorize.submit, methods=["POST"]),
    Route("/launch", launch.show, methods=["GET"]),
    Route("/patients", find.show, methods=["GET"]),
    Route("/patients", find.submit, methods=["POST"]),
    Route("/patients/{id}", prior_results.show, methods=["GET"]),
    Route("/patients/{id}/apps/{app}", apps.submit, methods=["POST"]),
    Route("/patients/{id}/images/{study}", imaging.show, methods=["GET"]),
    Route("/patients/{id}/images/{study}", imaging_decision.submit, methods=["POST"]),
    Route("/patients/{id}/reports/{report}", report.show, methods=["GET"]),
    Route("/patients/{id}/reports/{report}/pdf", report.pdf, methods=["GET"]),
    Route("/patients/{id}/reports/{report}/original/{n}", report.original, methods=["GET"]),
    Route("/decisions/{id}/record", record.show, methods=["GET"]),
    Route("/decisions/{id}/record.{form}", record.show, methods=["GET"]),
    Route("/decisions/{id}/notice", notice.show, methods=["GET"]),
    Route("/decisions/{id}/notice.{form}", notice.show, methods=["GET"]),
    Route("/checks/{id}/notice", notice.show_of_check, methods=["GET"]),
    Route("/checks/{id}/notice.{form}", notice.show_of_check, methods=["GET"]),
    Route("/patients/{id}/orders", orders.show, methods=["GET"]),
    Route("/patients/{id}/orders", orders.submit, methods=["POST"]),
    Route("/patients/{id}/consents", consents.show, methods=["GET"]),
    Route("/patients/{id}/consents", consents.submit, methods=["POST"]),
    Route("/consents/{id}", consents.sheet, methods=["GET"]),
    Route("/checks/{id}", check.show, methods=["GET"]),
    Route("/checks/{id}", check.submit, methods=["POST"]),
    Route("/checks/{id}/again", check.again, methods=["POST"]),
    Route("/break-glass", break_glass.show, methods=["GET"]),
    Route("/break-glass", break_glass.submit, methods=["POST"]),
    Route("/glass", glass.show, methods=["GET"]),
    Route("/glass", glass.submit, methods=["POST"]),
    Route("/messages", messages.show, methods=["GET"]),
    Route("/messages", messages.submit, methods=["POST"]),
    Route("/messages/{id}", held_message.show, methods=["GET"]),
    Route("/messages/{id}", held_message.submit, methods=["POST"]),
    Route("/outcomes", outcomes.show, methods=["GET"]),
    Route("/outcomes.csv", outcomes.sheet, methods=["GET"]),
    Route("/work", work.show, methods=["GET"]),
    Route("/work", work.submit, methods=["POST"]),
    Mount("/static", Assets()),
]

# What systems fetch by token and print or file: the same sheets, beside the other doors of /v1.
SHEET_ROUTES = [
    Route("/v1/decisions/{id}/record", record.give, methods=["GET"]),
    Route("/v1/decisions/{id}/record.{form}", record.give, methods=["GET"]),
    Route("/v1/decisions/{id}/notice", notice.give, methods=["GET"]),
    Route("/v1/decisions/{id}/notice.{form}", notice.give, methods=["GET"]),
    Route("/v1/checks/{id}/notice", notice.give_of_check, methods=["GET"]),
    Route("/v1/checks/{id}/notice.{form}", notice.give_of_check, methods=["GET"]),
]
