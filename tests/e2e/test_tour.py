"""The tour of `hie demo`, taken as it is printed: each step by its link, its sign-in and its words.

Each tour begins from a demo as it was filled. Every person is invented.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from hie.app import opened
from hie.cli.demo_welcome import welcome
from hie.exchange.demo import fill
from hie.exchange.demo_tour import CODE, IMAGED, ORDERED, tour
from hie.exchange.demo_wards import admit
from hie.exchange.hub import Hub
from hie.settings import Settings
from hie.synthetic import Manifest, generate
from hie.wording import LANGUAGES, Language
from tests.conftest import DATABASES, _place
from tests.e2e.reader import reading
from tests.e2e.running import PEOPLE, Running, on_thread
from tests.integration.imaging.support import free_port, settings_of
from tests.integration.test_road import TODAY
from tests.places import Place, at, elsewhere, statement

# Of the region what the tour leads to: two laboratories that know its patients, a third whose
# message is held, and the department of the CT.
SITES = ("bj-lis", "sjz-lis", "gy-lis", "bj-pacs", "bj-ris")
STEP = re.compile(
    r"^  \d  (?P<title>.+)\n"
    r"(?:     .*(?:sign in|登录)  (?P<login>\S+)  (?P<password>\S+)\n)?"
    r"     (?:(?:open|打开) +(?P<link>\S+)|(?:there|就在) .+)\n"
    r"(?P<do>(?:     .+\n)+)",
    re.M,
)
QUOTED = re.compile(r"“([^”]+)”")


@dataclass(frozen=True)
class Filled:
    """A demo as it was filled: where its data lie, and what was kept to sign in with."""

    place: Place
    told: dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step as it is printed."""

    title: str
    login: str | None
    password: str | None
    link: str | None
    do: str

    @classmethod
    def of(cls, found: re.Match[str], lang: Language) -> "Step":
        """A step from its text, in which sentences run over several lines."""
        said = found.groupdict()
        lines = [line.strip() for line in said["do"].splitlines()]
        return cls(**{**said, "do": (" " if lang == "en" else "").join(lines)})

    @property
    def named(self) -> list[str]:
        """What stands in quotation marks: buttons, links, reasons, as the pages name them."""
        return QUOTED.findall(self.do)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The synthetic region, of which the files the tour needs are left."""
    folder = tmp_path_factory.mktemp("region")
    whole = generate(folder, seed=1, today=TODAY, people=PEOPLE, images=True)
    ct = max(
        (one for one in whole.examinations if one.person == IMAGED and one.klass == "CT"),
        key=lambda one: one.day,
    )
    for picture in (folder / "images").rglob("*.dcm"):
        if not picture.name.startswith(f"{ct.report}-"):
            picture.unlink()
    return replace(whole, sites=tuple(one for one in whole.sites if one.site in SITES))


@pytest.fixture(scope="module", params=DATABASES)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, region: Manifest
) -> Iterator[Filled]:
    """A demo on each database."""
    with _place(request, "postgres", tmp_path_factory.mktemp("demo")) as place:

        async def made() -> dict[str, Any]:
            async with opened(settings_of(place)) as hub:
                return await _made(hub, region)

        yield Filled(place, elsewhere(made))


async def _made(hub: Hub, region: Manifest) -> dict[str, Any]:
    answer = await fill(hub, region, lambda *_: None)
    answer["wards"] = await admit(hub, region)
    shown = await tour(hub, region, answer["sign_ins"])
    assert shown is not None
    answer["sign_ins"] += shown.sign_ins
    return {**answer, "tour": shown.kept(region)}


@contextmanager
def served(
    filled: Filled, region: Manifest, folder: Path, lang: Language
) -> Iterator[tuple[Settings, Running]]:
    """A hub on a copy of the demo, and its settings."""
    data, url = folder / "data", filled.place.url
    shutil.copytree(filled.place.data_dir, data)
    with ExitStack() as stack:
        if url is not None:
            server, name = at(url, "postgres"), urlsplit(url).path[1:]
            statement(server, f"CREATE DATABASE {name}_{lang} TEMPLATE {name}")
            stack.callback(statement, server, f"DROP DATABASE {name}_{lang} WITH (FORCE)")
            url = at(url, f"{name}_{lang}")
        settings = settings_of(Place(url, data), port=free_port())

        async def ready(_: Hub) -> Running:
            return Running(settings.address, {}, region)

        yield settings, stack.enter_context(on_thread(settings, ready))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tour_leads_where_it_says(
    browser: Browser, filled: Filled, region: Manifest, tmp_path: Path, lang: Language
) -> None:
    with served(filled, region, tmp_path, lang) as (settings, hub):
        printed = welcome(settings, filled.told, tmp_path, lang, TODAY)
        steps = [Step.of(one, lang) for one in STEP.finditer(printed)]
        order, repeat, use, images, messages = steps
        with reading(browser, hub, lang) as page:
            sign_in(page, order)
            sees_the_card(page, order)
            chooses_a_repeat(page, repeat)
            uses_the_others(page, use)
            opens_the_ct(page, images)
            page.locator("form[action='/sign-out'] button").click()
            sign_in(page, messages)
            fixes_what_waits(page, messages)


def sign_in(page: Page, step: Step) -> None:
    """Open the link of a step; who it names signs in and is led on to it."""
    assert step.link is not None
    assert step.login is not None
    assert step.password is not None
    page.goto(step.link)
    page.fill("#login", step.login)
    page.fill("#password", step.password)
    page.press("#password", "Enter")
    page.wait_for_url(step.link)


def sees_the_card(page: Page, step: Step) -> None:
    (ask,) = step.named
    expect(page.locator("input[name^=item-]:checked")).to_have_count(len(ORDERED))
    page.get_by_role("button", name=ask).click()
    page.wait_for_url("**/checks/*")
    expect(page.locator("[data-line]")).to_have_count(len(ORDERED))
    expect(page.locator("[data-line] .v")).to_have_count(len(ORDERED))
    expect(page.locator("input[data-use]:checked").first).to_be_visible()


def chooses_a_repeat(page: Page, step: Step) -> None:
    (reason,) = step.named
    lines = page.locator("[data-line]")
    (at_,) = [
        n for n, text in enumerate(lines.locator(".r1 b").all_inner_texts()) if text in step.do
    ]
    for _ in range(at_):
        page.keyboard.press("j")
    for key in ("r", "2", "e"):
        page.keyboard.press(key)
    chosen = lines.nth(at_).locator("li", has=page.locator("input[type=radio]:checked"))
    expect(chosen).to_contain_text(reason)
    expect(page.locator("input[name=explained]")).to_be_checked()


def uses_the_others(page: Page, step: Step) -> None:
    (notice,) = step.named
    used = page.locator("input[data-use]:checked").count()
    assert used >= 1
    page.keyboard.press("Enter")
    expect(page.locator(".lead[role=status]")).to_contain_text(str(used))
    expect(page.locator("input[data-use]")).to_have_count(0)
    page.get_by_role("link", name=notice).click()
    page.wait_for_url("**/notice")
    expect(page.locator("h1").first).to_be_visible()


def opens_the_ct(page: Page, step: Step) -> None:
    assert step.link is not None
    page.goto(step.link)
    shown = page.locator("#viewport[data-shown]")
    expect(shown).to_be_visible(timeout=30_000)
    expect(page.locator("aside .v")).to_have_count(1)
    place = page.locator("#o-place")
    before = place.inner_text()
    shown.focus()
    page.keyboard.press("ArrowDown")
    expect(place).not_to_have_text(before)
    page.keyboard.press("2")
    expect(page.locator("[data-window][aria-pressed=true]")).to_contain_text("2")
    page.wait_for_load_state("networkidle")  # every slice, before she signs out


def fixes_what_waits(page: Page, step: Step) -> None:
    choose, do = step.named
    code = page.locator(".codes li", has_text=CODE)
    code.locator("summary", has_text=choose).click()
    items = code.locator("select")
    (item,) = [one for one in items.locator("option").all_inner_texts() if one in step.do]
    items.select_option(label=item)
    code.get_by_role("button", name=do).click()
    expect(page.locator(".notice[role=status]")).to_be_visible()
    expect(code).to_have_count(0)
