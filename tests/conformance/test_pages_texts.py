"""What the pages say is there in both languages, and every page has its line in the documents."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from starlette.routing import Route

import hie.web
from hie.access.glass import GlassReason, Review
from hie.exchange.feed_desk import Health
from hie.exchange.reopen import Cause
from hie.oauth.open_doors import is_open
from hie.recognition.catalogue import load_catalogue
from hie.schemas import schema
from hie.store.messages import State
from hie.web import PAGES, WEB_ROUTES, held_words
from hie.web.language import Language, say, words
from hie.web.pages import (
    break_glass,
    check,
    consents,
    decision_form,
    imaging,
    imaging_decision,
    messages,
    orders,
    outcomes,
    work,
)
from hie.web.pages.answered import OUTCOMES
from hie.web.pages.comparison import STANDINGS, STATUSES, WHATS
from hie.web.pages.filters import CATEGORIES, IMAGING, PERIODS
from hie.web.pages.find import CODE, TYPES
from hie.web.pages.orders import BEFORE, ENCOUNTERS, EVENTS, PURPOSES
from hie.web.pages.studies import CONTRASTS, PARTS, PROTOCOLS, REPORT_STATUSES, SIDES
from hie.web.pages.view import CLASSES

ROOT = Path(hie.web.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))
MODULES = sorted(ROOT.rglob("*.py"))
LANGUAGES: tuple[Language, ...] = ("zh", "en")
KEYS = set(words("zh").forms)
# Keys that are put together from a word of the data.
MADE = {
    "type-": (*TYPES, CODE),
    "verdict-": (*OUTCOMES, "none", "unseen"),
    "why-": (*OUTCOMES, "none"),
    "count-": OUTCOMES,
    "state-": ("fired", "unknown", "passed"),
    "category-": (*CATEGORIES, IMAGING),
    "class-": CLASSES,
    "mark-": ("holds", "void", "unasked"),
    "sex-": ("male", "female", "other", "unknown"),
    "period-": PERIODS,
    "part-": PARTS,
    "side-": SIDES,
    "contrast-": CONTRASTS,
    "protocol-": PROTOCOLS,
    "report-": REPORT_STATUSES,
    "window-": tuple(name for name, _, _ in imaging.WINDOWS),
    "drag-": imaging.DRAGS,
    "viewer-problem-": imaging_decision.PROBLEMS,
    "viewer-": tuple(key for key, _ in imaging.FACTS),
    "encounter-": ENCOUNTERS,
    "intent-": PURPOSES,
    "measure-": BEFORE,
    "event-": EVENTS,
    "order-wrong-": orders.FIELDS,
    "wrong-": (*decision_form.FIELDS, "other"),
    "panel-": check.PROBLEMS,
    "decided-": ("use", "repeat"),
    "decision-": ("use", "repeat"),
    "cause-": tuple(cause.value for cause in Cause),
    "what-": (*WHATS, "other"),
    "status-": STATUSES,
    "standing-": STANDINGS,
    "work-": work.STATES,
    "by-": outcomes.BY,
    "feed-": tuple(Health),
    "step-": held_words.STEPS,
    "step-was-": held_words.WERE,
    "hold-": held_words.KEYS,
    "hold-why-": held_words.KEYS,
    "remedy-": tuple(held_words.Remedy),
    "messages-done-": messages.DONE,
    "message-is-": tuple(State),
    "message-would-be-": (State.KEPT, State.STORED, State.HELD),
    "glass-reason-": tuple(GlassReason),
    "glass-state-": tuple(Review),
    "glass-wrong-": break_glass.WRONG,
    "consent-wrong-": consents.WRONG,
    "consent-type-": consents.KINDS,
    "consent-status-": consents.STATUSES,
}


def _sources() -> str:
    return "\n".join(file.read_text("utf-8") for file in (*TEMPLATES, *MODULES))


def _asked() -> set[str]:
    """Every key that a template or a module names whole."""
    whole = re.findall(r"\bt\('([^']+)'(?!\s*~)|\bsay\(\s*\"([^\"]+)\"", _sources())
    return {first or second for first, second in whole}


def _data(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_text_a_template_asks_for_exists() -> None:
    assert len(_asked()) > 30
    assert _asked() <= KEYS


def test_every_text_that_is_put_together_exists() -> None:
    found = set(re.findall(r"\bt\('([^']+)'\s*~", _sources()))
    found |= set(re.findall(r"\bsay\(\s*f\"([a-z]+-)\{", _sources()))
    assert found <= set(MADE), found
    for prefix, ends in MADE.items():
        for word in ends:
            assert prefix + word in KEYS


def test_no_text_is_left_over() -> None:
    quoted = set(re.findall(r"[\"']([a-z0-9-]+)[\"']", _sources()))
    made = {prefix + word for prefix, ends in MADE.items() for word in ends}
    assert KEYS - quoted - made == set()


def test_every_text_is_there_in_both_languages_with_the_same_data() -> None:
    assert set(words("en").forms) == KEYS
    for key in KEYS:
        forms = {lang: words(lang).forms[key] for lang in LANGUAGES}
        assert all(text.strip() for one in forms.values() for text in one), key
        data = {lang: _data(one[-1]) for lang, one in forms.items()}
        assert data["zh"] == data["en"], key
        for one in forms.values():  # one of something may say so without the number
            assert all(_data(one[-1]) - _data(text) <= {"n"} for text in one), key
        counts = {lang: len(one) for lang, one in forms.items()}
        assert counts in ({"zh": 1, "en": 1}, {"zh": 1, "en": 2}), key
        assert counts["en"] == 1 or "n" in data["en"], key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_catalogue_has_each_text_once_and_no_guess(lang: Language) -> None:
    file = schema("texts", "pages", f"{lang}.po")
    keys = re.findall(r'^msgid "(.+)"$', file.read_text("utf-8"), re.M)
    assert len(keys) == len(set(keys)) == len(KEYS)
    with file.open("rb") as opened:
        found = read_po(opened, locale=lang, abort_invalid=True)
    assert not [one.id for one in found if one.fuzzy and one.id]
    assert not found.obsolete


def test_a_text_that_counts_takes_the_form_of_its_number() -> None:
    assert say("others-left-out", "en", n=1) == "1 older result is not listed here."
    assert say("others-left-out", "en", n=2) == "2 older results are not listed here."
    assert say("others-left-out", "en", n=0) == "0 older results are not listed here."
    assert say("others-left-out", "zh", n=1).count("1") == 1


def test_every_category_of_the_catalogue_can_be_chosen() -> None:
    laboratory = {
        item.category for item in load_catalogue().items.values() if item.kind == "laboratory"
    }
    assert laboratory <= set(CATEGORIES)
    shape = json.loads(schema("json-schema", "lab-item.json").read_text("utf-8"))
    assert set(shape["properties"]["category"]["enum"]) == set(CATEGORIES)


def test_every_page_has_its_line_and_its_route() -> None:
    text = (DOCS / "pages.md").read_text("utf-8")
    named = re.findall(r"^\| `(/[^`]*)` \|", text, re.M)
    assert named == list(PAGES)
    shown = {
        route.path
        for route in WEB_ROUTES
        if isinstance(route, Route) and "GET" in (route.methods or ()) and route.path != "/"
    }
    assert shown == set(PAGES)


def test_the_windows_of_the_viewer_are_documented() -> None:
    text = (DOCS / "pages.md").read_text("utf-8")
    for name, center, width in imaging.WINDOWS:
        assert f"| {name} | {center} | {width} |" in text


def test_only_the_ways_to_sign_in_are_open() -> None:
    open_pages = {path for path in PAGES if is_open("GET", path)}
    providers = {"/sign-in/with/{provider}", "/sign-in/back/{provider}"}
    assert open_pages == {"/sign-in", "/oauth/authorize", *providers}


def test_no_template_styles_or_scripts_inline() -> None:
    for file in TEMPLATES:
        text = file.read_text("utf-8")
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text), file.name
        assert "|safe" not in text.replace(" ", ""), file.name
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, re.S):
            assert 'name="csrf"' in form, file.name
