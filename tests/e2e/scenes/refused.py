"""Pages that are not shown: to nobody, to this person, not to this form, or not any more."""

import re

from playwright.sync_api import expect

from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import AUDITOR, DOCTOR

SCENES = (
    Scene("not-allowed", "/patients", "a role that opens no patient"),
    Scene("no-page", "/patients", "an address that is none"),
    Scene("no-patient", "/patients/{id}", "a patient who is not known, or not to this person"),
    Scene("no-check", "/checks/{id}", "a check that is not known, or not to this person"),
    Scene("form-refused", "/patients", "a form that did not come from this hub"),
    Scene("form-incomplete", "/patients/{id}/orders", "a form with a field twice"),
    Scene("signed-out", "/sign-in", "the way back after signing out"),
)


def walk(visit: Visit) -> None:
    """A clinician where she may not be, somebody who sees no patients, and nobody any more."""
    page = visit.page
    visit.enter(AUDITOR)
    visit.look("not-allowed")
    visit.enter(DOCTOR)
    for name, address in (
        ("no-page", "/nowhere"),
        ("no-patient", "/patients/nobody"),
        ("no-check", "/checks/nothing"),
    ):
        page.goto(address)
        visit.look(name)
    page.goto("/patients")
    page.locator("main input[name=csrf]").evaluate("one => { one.value = 'not of this hub' }")
    page.fill("#value", "110105199003070000")
    page.press("#value", "Enter")
    page.wait_for_load_state()
    visit.look("form-refused")
    visit.find(visit.world.ordered_for)
    patient = page.url
    page.goto(f"{patient}/orders")
    page.locator("#image").evaluate("one => one.after(one.cloneNode(true))")
    visit.go(page.locator("form.ordering button[type=submit]"))
    visit.look("form-incomplete")
    page.goto(patient)
    visit.sign_out()
    page.go_back()
    page.wait_for_url(re.compile("/sign-in"))
    expect(page.locator("body")).not_to_contain_text("王秀英")
    visit.look("signed-out")
