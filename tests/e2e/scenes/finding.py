"""Looking a patient up: the form, and why there is nobody."""

from playwright.sync_api import expect

from tests.e2e.scenes import Scene
from tests.e2e.scenes.visit import Visit
from tests.e2e.scenes.world import DOCTOR

AMBIGUOUS = 15  # of the cast, hie/synthetic/cast.py
SCENES = (
    Scene("find", "/patients", "the form"),
    Scene("find-nobody", "/patients", "a number nobody is known by"),
    Scene("find-ambiguous", "/patients", "a number that may be two people's"),
    Scene("find-code", "/patients", "a code that is over"),
)


def walk(visit: Visit) -> None:
    """A clinician at her first page."""
    page = visit.page
    visit.enter(DOCTOR)
    expect(page.locator("#value")).to_be_visible()
    visit.look("find")
    visit.find("110105199003070000")
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("find-nobody")
    visit.find(visit.world.hub.number_of(AMBIGUOUS))
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("find-ambiguous")
    page.select_option("#type", "patient-code")
    page.fill("#value", "00000000")
    page.press("#value", "Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.look("find-code")
