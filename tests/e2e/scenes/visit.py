"""A person on a walk: signs in, finds patients, and has each scene looked at in both languages."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

from playwright.sync_api import Browser, Locator, Page

from tests.e2e import reader
from tests.e2e.scenes.world import World

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, Language]] = ("zh", "en")
See = Callable[[str, Language, Page], None]
_FRAMED = "/framed/"
_SESSION = re.compile("hie_session$")


def nothing(page: Page) -> None:
    """A page that shows its state as it is loaded."""


@dataclass
class Visit:
    """A browser's window at the hub, and who looks at what it shows."""

    page: Page
    world: World
    see: See
    seen: list[str] = field(default_factory=list)
    lang: Language = "zh"
    login: str = ""

    def look(self, name: str, arrange: Callable[[Page], None] = nothing) -> None:
        """Show this scene in both languages; the walk goes on in the second of them.

        The page is loaded anew for it (a form that was sent is sent again), so what its scripts or
        the reader have done to it is done again by `arrange`.
        """
        first = self.lang
        arrange(self.page)
        self.see(name, first, self.page)
        self.speak("en" if first == "zh" else "zh")
        arrange(self.page)
        self.see(name, self.lang, self.page)
        self.seen.append(name)

    def speak(self, lang: Language) -> None:
        """The same page in this language."""
        self.lang = lang
        where = self.page.url
        if _FRAMED in where:  # where a cookie of the window is not read
            self.page.goto(re.sub(r"[?&]lang=\w+", "", where) + f"?lang={lang}")
            return
        cookie = {"name": "hie_lang", "value": lang, "url": self.world.hub.address}
        self.page.context.add_cookies([cookie])
        self.page.reload()

    def enter(self, login: str) -> None:
        """At the first page of this person, in the session they had before if there was one."""
        self.leave()
        context = self.page.context
        self.login, kept = login, self.world.sessions.get(login)
        if kept is not None:
            context.add_cookies(kept)
            self.page.goto("/")
            return
        self.page.goto("/sign-in")
        reader.fill_in(self.page, login, self.world.sign_ins[login])
        assert "/sign-in" not in self.page.url, login

    def leave(self) -> None:
        """Keep the session, which may have become another, for the next walk of this person."""
        context = self.page.context
        if self.login:
            kept = [one for one in context.cookies() if _SESSION.search(one["name"])]
            self.world.sessions[self.login] = kept
        context.clear_cookies(name=_SESSION)
        self.login = ""

    def sign_out(self) -> None:
        """Leave for good: nobody goes on in this session."""
        self.go(self.page.locator("form[action='/sign-out'] button"))
        self.world.sessions.pop(self.login, None)
        self.login = ""

    def find(self, number: str) -> None:
        """Look a patient up by their resident number."""
        reader.find(self.page, number)

    def go(self, what: Locator) -> None:
        """Follow a link or send a form, and wait for the page it leads to."""
        self.go_by(what.click)

    def go_by(self, act: Callable[[], None]) -> None:
        """The same by another act: a key, for instance."""
        with self.page.expect_navigation():
            act()


@contextmanager
def visiting(browser: Browser, world: World, see: See) -> Iterator[Visit]:
    """A new window of somebody who reads Chinese first."""
    with reader.reading(browser, world.hub, "zh", refused=("/frames/", "/thumbnail")) as page:
        visit = Visit(page, world, see)
        yield visit
        visit.leave()
