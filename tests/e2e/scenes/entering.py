"""Signing in, and what a wrong word, an old form or an unknown answer of a provider is told."""

from playwright.sync_api import expect

from tests.e2e.asking import let_in
from tests.e2e.reader import FORM_COOKIE, fill_in
from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import APP, APP_BACK, DOCTOR

SCENES = (
    Scene("sign-in", "/sign-in", "the form, and an identity provider to sign in with"),
    Scene("sign-in-refused", "/sign-in", "a name or a password that is not right"),
    Scene("sign-in-expired", "/sign-in", "a form that was open too long"),
    Scene("sign-in-unlinked", "/sign-in/back/{provider}", "an answer nobody here is known by"),
    Scene("app-patient", "/oauth/authorize", "an app that needs a patient"),
    Scene("app-nobody", "/oauth/authorize", "a number nobody is known by"),
    Scene("app-found", "/oauth/authorize", "the patient who was found"),
    Scene("app-unknown", "/oauth/authorize", "an app that is not registered"),
    Scene("launch-expired", "/launch", "a ticket that is used or over"),
)


def walk(visit: Visit) -> None:
    """Before anybody is signed in, then on the way to an app, then with an old ticket."""
    page, hub = visit.page, visit.world.hub
    page.goto("/sign-in")
    visit.look("sign-in")
    fill_in(page, "nobody", "wrong")
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("sign-in-refused")
    page.goto("/sign-in")
    page.context.clear_cookies(name=FORM_COOKIE)
    fill_in(page, "nobody", "wrong")
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("sign-in-expired")
    page.goto("/sign-in/back/hospital-a?error=access_denied&state=unknown-here")
    visit.look("sign-in-unlinked")

    visit.enter(DOCTOR)
    page.goto(let_in(hub.address, APP, APP_BACK))
    visit.look("app-patient")
    page.locator("#value").fill("110105199003070000")
    page.locator("form.find button").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("app-nobody")
    page.locator("#value").fill(hub.number_of(1))
    page.locator("form.find button").click()
    expect(page.locator("form:not(.find) button.p")).to_be_visible()
    visit.look("app-found")
    page.goto(let_in(hub.address, "nobodys-app", APP_BACK))
    visit.look("app-unknown")
    page.goto("/launch?launch=an-old-ticket")
    visit.look("launch-expired")
