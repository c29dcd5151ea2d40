"""The pages a HIS shows in a frame, in the room below `/framed` that has a session of its own."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.departments import WHOLE
from tests.e2e.reader import fill_in
from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR

SCENES = (
    Scene("framed-sign-in", "/sign-in", "in a frame, the form"),
    Scene("framed-patient", "/patients/{id}", "in a frame, the launched patient"),
    Scene("framed-expired", "/launch", "in a frame, a ticket that is used or over"),
    Scene("framed-orders", "/patients/{id}/orders", "in a frame, the form"),
    Scene("framed-check", "/checks/{id}", "in a frame, tests that are to be ordered"),
    Scene("framed-viewer", "/patients/{id}/images/{study}", "in a frame, a chest CT"),
    Scene("framed-refused", "/patients/{id}", "in a frame, a patient who was not launched"),
)


def _drawn(page: Page) -> None:
    """By the frame's own session, the archive's pictures too."""
    expect(page.locator("#viewport[data-shown]")).to_be_visible()
    page.wait_for_load_state("networkidle")


def walk(visit: Visit) -> None:
    """A launched patient, in a window that is as narrow as a HIS leaves it."""
    page, world = visit.page, visit.world
    visit.enter(DOCTOR)
    visit.find(world.hub.number_of(3))
    other = page.url.rpartition("/")[2]
    visit.find(world.departments.people[WHOLE].resident_id)
    imaged = page.url.rpartition("/")[2]
    visit.find(world.ordered_for)
    patient = page.url.rpartition("/")[2]
    page.goto("/framed/sign-in")
    visit.look("framed-sign-in")
    page.goto(world.ticket(patient, framed=True))
    fill_in(page, DOCTOR, world.sign_ins[DOCTOR])
    page.wait_for_url(re.compile(rf"/framed/patients/{patient}"))
    visit.look("framed-patient")
    page.goto("/framed/launch?launch=an-old-ticket")
    visit.look("framed-expired")
    page.goto(f"/framed/patients/{patient}/orders")
    visit.look("framed-orders")
    page.locator("input[name='item-NA']").check()
    visit.go(page.locator("form.ordering button[type=submit]"))
    expect(page.locator("[data-decide]")).to_be_visible()
    visit.look("framed-check")
    page.goto(world.ticket(imaged, framed=True))
    page.wait_for_url(re.compile(rf"/framed/patients/{imaged}"))
    visit.go(page.locator(".study .strip a.btn").first)
    visit.look("framed-viewer", _drawn)
    page.goto(f"/framed/patients/{other}")
    visit.look("framed-refused")
