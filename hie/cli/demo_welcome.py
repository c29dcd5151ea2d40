"""What `hie demo` prints before it serves: where things are, who signs in, and the tour.

Buttons and links are named as the pages name them, and so are tests and reasons.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from hie.exchange.demo_tour import CODE, MEANS, REASON, REPEATED
from hie.recognition.catalogue import load_catalogue
from hie.recognition.reasons import load_reasons
from hie.settings import Settings
from hie.web.language import say
from hie.wording import Language, words_of

_FRESH_DAYS = 3  # for how long the tour's verdicts are as it tells them
_WIDTH = 92  # columns of a paragraph
# What stays on one line: a word or one Chinese character, with the punctuation that clings to it.
_PIECE = re.compile(r"[“（]*(?:[^\W\u2e80-\uffff]+|\S)[^\w\s“（]*[ ]*")


def welcome(
    settings: Settings, told: Mapping[str, Any], folder: Path, lang: Language, today: date
) -> str:
    """The whole text; `told` is what was kept to sign in with, in this folder."""
    words = words_of("demo", lang)
    address, people = settings.address, told["sign_ins"]
    mllp, dicom = (
        port or words.say("port-of-log") for port in (settings.mllp_port, settings.dicom_port)
    )
    lines = ["", words.say("pages", address=address), words.say("fhir", address=address)]
    lines += [words.say("doors", mllp=mllp, dicom=dicom), "", words.say("sign-in-as")]
    for one in people:
        where = words.say("of", name=one.get("name", ""), institution=one["institution"])
        lines.append(f"  {one['login']:16} {one['password']:18} {where}")
    beds = told.get("wards", {}).get(people[0]["institution"], ())[:2]
    if beds:
        login = people[0]["login"]
        lines += ["", words.say("beds", login=login, numbers=", ".join(beds))]
    if "emergency" in told:
        lines += ["", words.say("emergency", address=address, **told["emergency"])]
        lines.append(f"  {words.say('emergency-code')}")
    if "tour" in told:
        lines += ["", *_tour(settings, told, lang, today)]
    client = people[0]["client"]
    lines += ["", words.say("token", folder=settings.data_dir, client=client)]
    lines += [words.say("keys", folder=folder), ""]
    return "\n".join(f"  {line}".rstrip() for line in lines)


def _tour(
    settings: Settings, told: Mapping[str, Any], lang: Language, today: date
) -> Iterator[str]:
    """The steps: what it is, who signs in, the link, and what to do there."""
    words, tour = words_of("demo", lang), told["tour"]
    passwords = {one["login"]: one["password"] for one in told["sign_ins"]}
    yield words.say("tour")
    if (today - date.fromisoformat(tour["day"])).days > _FRESH_DAYS:
        yield words.say("tour-aged", day=tour["day"], folder=settings.data_dir)
    number, first = 0, tour["doctor"]
    for step, (login, path) in _ways(tour).items():
        if path == "":
            continue  # a demo without images has no such step
        number += 1
        yield ""
        yield f"{number}  {words.say(f'tour-{step}')}"
        if login:
            key = "tour-sign-in" if login == first else "tour-sign-out"
            yield f"   {words.say(key, login=login, password=passwords[login])}"
        if path is None:
            yield f"   {words.say('tour-there')}"
        else:
            link = f"{settings.address}{path}{'&' if '?' in path else '?'}lang={lang}"
            yield f"   {words.say('tour-open', link=link)}"
        for line in folded(words.say(f"tour-{step}-do", **_named(tour, lang))):
            yield f"   {line}"
    yield ""
    yield words.say("tour-more")


def folded(text: str) -> Iterator[str]:
    """A paragraph as lines of a terminal, where a Chinese character is two columns wide."""
    line, used = "", 0
    for piece in _PIECE.findall(text):
        wide = cell_len(piece.rstrip())
        if used + wide > _WIDTH:
            yield line.rstrip()
            line, used = "", 0
        line, used = line + piece, used + cell_len(piece)
    yield line.rstrip()


def _ways(tour: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    """For each step who signs in and where it is; None: on the page where one is."""
    return {
        "order": (tour["doctor"], tour["orders"]),
        "repeat": ("", None),
        "use": ("", None),
        "images": (tour["doctor"], tour["images"]),
        "messages": (tour["technician"], tour["messages"]),
    }


def _named(tour: Mapping[str, str], lang: Language) -> dict[str, str]:
    """What the steps name: hospitals, buttons, tests, the reason, and the code that waits."""
    items = load_catalogue().items
    repeated, means = items[REPEATED], items[MEANS]
    return {
        "receiver": tour["receiver"],
        "source": tour["source"],
        "ask": say("orders-ask", lang),
        "item": repeated.zh if lang == "zh" else repeated.en,
        "reason": load_reasons().by_key[REASON].words[lang],
        "notice": say("check-notice", lang),
        "code": CODE,
        "means": means.zh if lang == "zh" else means.en,
        "choose": say("messages-choose", lang),
        "map": say("messages-item-do", lang),
    }
