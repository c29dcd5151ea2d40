"""What `hie demo` prints: the same in both languages, each step with its link and its sign-in."""

import re
import string
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.cli import demo, demo_welcome
from hie.cli.demo_welcome import welcome
from hie.settings import Settings
from hie.wording import LANGUAGES, Language, words_of
from tests.integration.test_road import TODAY

TOUR = {
    "day": TODAY.isoformat(),
    "orders": "/patients/p/orders?item=K",
    "images": "/patients/q/images/s",
    "messages": "/messages",
    "doctor": "doctor-sjz-lis",
    "technician": "it-gy",
    "receiver": "滹沱示例医院",
    "source": "西城示例医院",
}
TOLD: dict[str, Any] = {
    "sign_ins": [
        {"login": login, "password": f"pw-{login}", "institution": "C", "name": "H", "client": "c"}
        for login in ("doctor-sjz-lis", "it-gy")
    ],
    "tour": TOUR,
}


def printed(lang: Language, later: int = 0, **tour: str) -> str:
    told = {**TOLD, "tour": {**TOUR, **tour}}
    today = TODAY + timedelta(days=later)
    return welcome(Settings(data_dir=Path("d")), told, Path("d/demo"), lang, today)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_step_has_its_link_in_the_language_and_who_signs_in(lang: Language) -> None:
    text = printed(lang)
    assert len(re.findall(r"^  \d  ", text, re.M)) == 5
    for path in ("/patients/p/orders?item=K&", "/patients/q/images/s?", "/messages?"):
        assert f"http://localhost:8000{path}lang={lang}\n" in text
    for login in ("doctor-sjz-lis", "it-gy"):
        assert re.search(rf"^     .*{login}  pw-{login}$", text, re.M)


def test_without_images_there_is_no_step_that_opens_some() -> None:
    text = printed("en", images="")
    assert re.findall(r"^  (\d)  ", text, re.M) == ["1", "2", "3", "4"]
    assert "/images/" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_demo_whose_results_have_aged_says_so(lang: Language) -> None:
    assert TOUR["day"] not in printed(lang, later=3)
    assert TOUR["day"] in printed(lang, later=4)


def test_both_languages_say_the_same_things_and_nothing_that_is_not_printed() -> None:
    zh, en = (words_of("demo", lang).forms for lang in LANGUAGES)
    assert zh.keys() == en.keys()
    for key in zh:
        (named, other) = ({name for _, name, _, _ in string.Formatter().parse(forms[key][0]) if name}
                          for forms in (zh, en))  # fmt: skip
        assert named == other, key
    source = Path(demo_welcome.__file__).read_text("utf-8")
    steps = demo_welcome._ways(TOUR)
    made = {f"tour-{step}{end}" for step in steps for end in ("", "-do")}
    assert {key for key in zh if f'"{key}"' not in source and f"'{key}'" not in source} == made


def test_the_readme_shows_the_tour_as_it_is_printed() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    tour = printed("en").partition("\n  A tour")[2].partition("\n  a client's token")[0]
    told = [line for line in tour.splitlines() if "http://" not in line and "  pw-" not in line]
    at = 0
    for line in told[1:]:
        at = readme.find(f"\n{line}\n", at)
        assert at >= 0, line


def test_the_terminal_chooses_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert demo._spoken("zh") == "zh"
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert demo._spoken("zh") == "en"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert demo._spoken("en") == "zh"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert demo._spoken("zh") == "zh"
