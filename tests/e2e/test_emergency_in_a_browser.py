"""Emergency access in a real browser: a doctor opens, looks and ends; the officer reviews."""

import re
import time
from base64 import b32decode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from hie.access.totp import code_at
from hie.exchange.commands import run
from hie.exchange.demo_glass import emergency
from hie.exchange.hub import Hub
from hie.synthetic import Manifest
from tests.e2e.reader import faults_of, reading
from tests.e2e.running import Running, serving

WORDS = "急诊昏迷，需要既往检验结果"
HIV = "HIV抗原抗体（合成）"


class Story:
    """What the hub in its thread was filled with."""

    number = ""
    login = ""
    secret = b""
    passwords: dict[str, str]


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, story: Story) -> Iterator[Running]:
    """A running hub where somebody's result is hidden from the doctor."""

    async def more(hub: Hub, region: Manifest) -> None:
        people = (await run(hub, "user-list", {}))["users"]
        made = await emergency(hub, region, people)
        assert made is not None
        doctor = next(one for one in people if one["login"] == made.login)
        secret = doctor["totp"]
        story.number, story.login = made.number, made.login
        story.secret = b32decode(secret + "=" * (-len(secret) % 8))
        story.passwords = {one["login"]: one["password"] for one in made.sign_ins}

    with serving(tmp_path_factory.mktemp("hub"), more) as running:
        yield running


def enter(page: Page, hub: Running, login: str, password: str) -> None:
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    page.press("#password", "Enter")
    page.wait_for_url(re.compile("/(patients|glass)$"))


def test_a_doctor_opens_and_ends_it_and_the_officer_reviews_it(
    browser: Browser, hub: Running, story: Story
) -> None:
    faults: dict[str, list[str]] = {}
    with reading(browser, hub, "zh") as page:
        enter(page, hub, story.login, hub.sign_ins[story.login])
        page.click("main a[href='/break-glass']")
        faults["form"] = faults_of(page)
        page.select_option("#type", "resident-id")
        page.fill("#value", story.number)
        page.select_option("#reason", "unconscious")
        page.fill("#text", WORDS)
        page.fill("#code", "000000")
        page.click("button[type=submit]:has-text('开启紧急查看')")
        expect(page.locator("[role=alert]")).to_contain_text("验证码不正确")
        expect(page.locator("#text")).to_have_value(WORDS)
        faults["wrong code"] = faults_of(page)
        page.fill("#value", story.number)
        page.fill("#code", code_at(story.secret, int(time.time()) // 30))
        page.click("button[type=submit]:has-text('开启紧急查看')")
        page.wait_for_url(re.compile(r"/patients/[^/?]+$"))
        expect(page.locator("aside.glass")).to_contain_text("紧急查看已开启")
        expect(page.locator("body")).to_contain_text(HIV)
        faults["opened"] = faults_of(page)
        page.click("aside.glass a")
        faults["open now"] = faults_of(page)
        page.click("#open button")
        expect(page.locator("aside.glass")).to_have_count(0)
    with reading(browser, hub, "en") as page:
        enter(page, hub, "privacy-sjz", story.passwords["privacy-sjz"])
        expect(page.locator("article")).to_contain_text(WORDS)
        faults["reviews"] = faults_of(page)
        page.fill("textarea[name=note]", "Seen in the emergency department that day")
        page.click("button[value=justified]")
        expect(page.locator("article")).to_have_count(0)
        page.click("nav a[href='/glass?state=justified']")
        expect(page.locator("article")).to_contain_text("Seen in the emergency department")
        faults["reviewed"] = faults_of(page)
    assert {state: found for state, found in faults.items() if found} == {}
