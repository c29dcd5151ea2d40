"""What a patient permits: nothing yet, a form filled in wrongly, and a Consent as it was signed."""

from playwright.sync_api import expect

from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR

SCENES = (
    Scene("consents-none", "/patients/{id}/consents", "nothing recorded"),
    Scene("consents-wrong", "/patients/{id}/consents", "a form that is not filled in"),
    Scene("consent", "/consents/{id}", "what was signed, and lines to sign", prints=True),
    Scene("consents", "/patients/{id}/consents", "what stands"),
)
_PERSON = 2  # of the cast, hie/synthetic/cast.py


def walk(visit: Visit) -> None:
    """One patient's Consents."""
    page = visit.page
    visit.enter(DOCTOR)
    visit.find(visit.world.hub.number_of(_PERSON))
    consents = f"{page.url.partition('?')[0]}/consents"
    page.goto(consents)
    visit.look("consents-none")
    page.locator("input[name=form]").first.check()
    page.locator("input[name=signer][value=guardian]").check()
    visit.go(page.locator("form button.p"))
    expect(page.locator("[role=alert]").first).to_be_visible()
    visit.look("consents-wrong")
    page.locator("input[name=signer][value=patient]").check()
    visit.go(page.locator("form button.p"))
    expect(page.locator(".sheet")).to_be_visible()
    visit.look("consent")
    page.goto(consents)
    visit.look("consents")
