"""The words of records and notices: there in both languages, with the same data, none left over."""

import re
from pathlib import Path

import hie
from hie.canonical.record_words import record_texts

ROOT = Path(hie.__file__).parent
MADE = {
    "title-": ("laboratory", "imaging"),
    "since-": ("corrected", "withdrawn"),
    "notice-": ("corrected", "withdrawn"),
    "outcome-": ("recognise", "clinician_review", "do_not_recognise"),
    "class-": ("reactive", "non-reactive", "indeterminate"),
    "sex-": ("male", "female", "other", "unknown"),
    "status-": (
        "registered", "available", "preliminary", "partial", "final", "amended", "corrected",
        "appended", "cancelled", "entered-in-error", "unknown",
    ),
}  # fmt: skip


def test_every_word_is_there_in_both_languages_with_the_same_data() -> None:
    for key, words in record_texts().items():
        assert set(words) == {"zh", "en"}, key
        data = [set(re.findall(r"\{(\w+)\}", text)) for text in words.values()]
        assert data[0] == data[1], key
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]", words["zh"]), key


def test_every_word_that_is_asked_for_exists_and_none_is_left_over() -> None:
    files = [*ROOT.rglob("*.py"), *(ROOT / "web" / "templates").glob("*.html")]
    read = (file.read_text("utf-8") for file in files)
    text = "\n".join(one for one in read if "record_words" in one or "w('" in one)
    asked = set(re.findall(r"\bword\(\s*\"([^\"]+)\"", text))
    asked |= set(re.findall(r"\bw\('([^']+)'", text))
    asked |= set(re.findall(r"\"(explained-yes|explained-no)\"", text))
    made = {prefix + word for prefix, words in MADE.items() for word in words}
    prefixes = set(re.findall(r"\bword\(\s*f\"([a-z]+-)\{", text))
    assert prefixes <= set(MADE)
    assert asked | made == set(record_texts())
