"""What cards say is there in both languages, with the same data, and all of it is used."""

import re
from pathlib import Path
from string import Formatter

import hie.cds
from hie.cds import SERVICES
from hie.cds.said import words
from hie.recognition.reminders import OFFERED
from hie.wording import LANGUAGES

SOURCES = "".join(file.read_text("utf-8") for file in Path(hie.cds.__file__).parent.glob("*.py"))
# Keys that are put together from a word of the data.
MADE = {
    *(f"{one.id}-{what}" for one in SERVICES for what in ("title", "description")),
    *(f"summary-{outcome}" for outcome in OFFERED),
    *(f"summary-plain-{outcome}" for outcome in OFFERED),
    *(f"class-{one}" for one in ("reactive", "non-reactive", "indeterminate")),
}


def test_every_text_is_there_in_both_languages_and_used() -> None:
    zh, en = (words(lang).forms for lang in LANGUAGES)
    assert zh.keys() == en.keys()
    asked = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', SOURCES))
    assert zh.keys() <= asked | MADE


def test_every_form_of_a_text_is_filled_with_the_same_data() -> None:
    zh, en = (words(lang).forms for lang in LANGUAGES)
    for key in zh:
        fields = {frozenset(_fields(form)) for form in (*zh[key], *en[key])}
        assert len(fields) == 1, key
        assert all(form for form in (*zh[key], *en[key])), key


def _fields(form: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(form) if name]
