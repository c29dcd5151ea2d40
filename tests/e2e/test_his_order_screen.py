"""The order screen of docs/his-order-screen.md, run as it is printed there, in a real browser.

The hub is a process of its own, its client and key are made by the commands of the page, and either
server part serves the same screen.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from hie.app import opened
from hie.exchange.commands import run
from hie.recognition.catalogue import load_catalogue
from hie.synthetic import example
from hie.synthetic.example import question
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG
from hie.synthetic.messages import written
from hie.synthetic.panels import CHEMISTRY
from hie.synthetic.people import make_person
from hie.synthetic.report import make_report
from tests.clients.node import NODE
from tests.conftest import DATABASES, _place
from tests.e2e.running import PASSWORD
from tests.integration.clients.printed import Printed, done, environment_of
from tests.integration.imaging.support import free_port, serving, settings_of
from tests.integration.test_road import TODAY, _connected, _packed
from tests.places import elsewhere
from tests.treated import treats_everybody

PAGE = Printed.of("docs/his-order-screen.md")
PROGRAMS = {"js": ([str(NODE)], "his.mjs"), "python": ([sys.executable], "his.py")}
SAID = {
    "zh-CN": {
        "use": "采用此结果，撤销医嘱",
        "why": "查看理由，或说明原因重新检查",
        "verdict": "✓ 可互认",
        "signed": "已签署：",
        "away": "互认平台没有应答，照常开单。",
    },
    "en-GB": {
        "use": "Use it, remove the order",
        "why": "See why, or repeat for a reason",
        "verdict": "✓ Recognisable",
        "signed": "Signed: ",
        "away": "The hub does not answer: order as ever. ",
    },
}
CASES = list(zip(PROGRAMS, SAID, strict=True))
DOCTOR = "doctor-a"
# Whose order screen is open: in one visit nobody is asked twice about one test.
VISITS = {"js": "visit.json", "python": "other.json"}
OTHER = make_person(1, TODAY, 2)
OTHER_MESSAGE = written(
    make_report(
        1, OTHER, BY_SITE["bj-lis"], CHEMISTRY, TODAY - timedelta(days=2), load_catalogue()
    ),
    "BJEXAMPLE0002",
)


@dataclass(frozen=True)
class Ready:
    """Where the programs lie, and what they read of the hub and of the visit."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module", params=DATABASES[:1])
def ready(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ready]:
    """A hub with one report, the client the page registers, and the files the page prints."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    folder = tmp_path_factory.mktemp("his")
    with ExitStack() as stack:
        place = stack.enter_context(_place(request, "postgres", tmp_path_factory.mktemp("hub")))
        settings = settings_of(place, port=free_port(), dicom_port=free_port())

        async def one_report() -> None:
            async with opened(settings) as hub:
                await _connected(hub, folder / "data")
                case = example(today=TODAY)
                files = [_packed(case.message), _packed(OTHER_MESSAGE, "b.hl7")]
                await run(hub, "receive", {"site": case.site, "files": files})
                person = {"login": DOCTOR, "name": "张医生（合成）", "role": "clinician"}
                person |= {"department": "", "institution": SHIJIAZHUANG.code}
                await run(hub, "user-add", person | {"password": PASSWORD})
                await treats_everybody(hub, SHIJIAZHUANG.code)

        elsewhere(one_report)
        stack.enter_context(serving(settings))
        environment = environment_of(place)
        kid = PAGE.registered(folder, environment)
        (folder / "visit.json").write_bytes(example(today=TODAY).order_check)
        (folder / "other.json").write_bytes(question(OTHER, SHIJIAZHUANG, []))
        (folder / "order-screen.html").write_text(PAGE.block("html"), "utf-8")
        environment |= {"HUB": settings.address, "CLIENT": "my-his", "KEY": "his.key", "KID": kid}
        yield Ready(folder, environment)


@contextmanager
def his(language: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The server part in one of its languages, until the block is left; where it answers."""
    command, name = PROGRAMS[language]
    (folder / name).write_text(PAGE.block(language), "utf-8")
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - the page's own words
        [*command, name],
        cwd=folder,
        env={**environment, "PORT": str(port), "PATIENCE": "30"},
    )
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert process.poll() is None, "the program ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def screen(browser: Browser, address: str, locale: str) -> Iterator[Page]:
    """The order screen in a new window; no error may come up in it."""
    context = browser.new_context(locale=locale)
    context.set_default_timeout(30_000)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    try:
        page.goto(address)
        yield page
        assert wrong == []
    finally:
        context.close()


@pytest.mark.parametrize(("language", "locale"), CASES)
def test_she_uses_one_result_repeats_another_test_and_signs_what_is_left(
    browser: Browser, ready: Ready, language: str, locale: str
) -> None:
    said = SAID[locale]
    with (
        his(language, ready.folder, {**ready.environment, "VISIT": VISITS[language]}) as address,
        screen(browser, address, locale) as page,
    ):
        for box in page.locator("input").all():
            box.check()
        page.locator("form button").click()
        cards = page.locator("main article")
        expect(cards).to_have_count(2, timeout=30_000)  # nothing is known of the third
        expect(cards.first).to_contain_text(said["verdict"])
        expect(cards.first).to_contain_text(" mmol/L · 西城示例医院 · ")
        expect(cards.first.locator("li")).not_to_have_count(0)
        cards.first.get_by_role("button", name=said["use"]).click()
        expect(cards).to_have_count(1)
        expect(page.locator("input[value=K]")).not_to_be_checked()
        with page.expect_popup() as opened_:
            cards.get_by_role("link", name=said["why"]).click()
        repeated(opened_.value)
        page.evaluate("window.dispatchEvent(new Event('focus'))")  # she comes back to it
        expect(cards).to_have_count(0)
        page.locator("form button").click()
        signed = f"{said['signed']}肌酐 Creatinine, 糖化血红蛋白 HbA1c"
        expect(page.locator("output")).to_have_text(signed)
        # asked again within the visit, nobody is reminded of what was decided
        page.locator("input[value=HBA1C]").uncheck()
        page.locator("form button").click()
        expect(page.locator("output")).to_have_text(f"{said['signed']}肌酐 Creatinine")
        # and no form of another site presses the button
        sent = httpx.post(
            f"{address}/use", content='{"ref":"CRE"}', headers={"Content-Type": "text/plain"}
        )
        assert sent.status_code in {200, 404}, sent.status_code  # the page, or no such door
        assert "json" not in sent.headers.get("Content-Type", "")


def repeated(page: Page) -> None:
    """On the hub's page, in the new window: sign in, and repeat the creatinine for a reason."""
    page.fill("#login", DOCTOR)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/checks/*")
    line = page.locator("[data-line][data-open]", has=page.locator("details[data-reasons]")).first
    line.focus()
    for key in ("r", "1", "e", "Enter"):
        page.keyboard.press(key)
    page.wait_for_load_state()
    expect(page.locator("[data-line][data-open]")).to_have_count(0)


@pytest.mark.parametrize(("language", "locale"), CASES)
def test_without_the_hub_orders_are_signed_as_ever(
    browser: Browser, tmp_path: Path, language: str, locale: str
) -> None:
    said = SAID[locale]
    (tmp_path / "order-screen.html").write_text(PAGE.block("html"), "utf-8")
    (tmp_path / "visit.json").write_bytes(example(today=TODAY).order_check)
    done(
        ["sh", "-ec", PAGE.block("sh", "openssl").partition("hie ")[0]], tmp_path, dict(os.environ)
    )
    nobody = f"http://127.0.0.1:{free_port()}"
    environment = {**os.environ, "HUB": nobody, "CLIENT": "my-his", "KEY": "his.key"}
    environment |= {"KID": "k", "VISIT": "visit.json"}
    with (
        his(language, tmp_path, environment) as address,
        screen(browser, address, locale) as page,
    ):
        page.locator("input[value=K]").check()
        page.locator("form button").click()
        expected = f"{said['away']}{said['signed']}血钾 Potassium"
        expect(page.locator("output")).to_have_text(expected)


def test_the_screen_has_sixty_lines_at_most_and_the_page_says_how_each_is_run() -> None:
    assert len(PAGE.block("html").splitlines()) <= 60
    for command in ("node his.mjs", "python his.py"):
        assert command in PAGE.text
