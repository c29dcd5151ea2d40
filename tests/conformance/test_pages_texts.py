"""What the pages say is there in both languages, and every page has its line in the documents."""

import json
import re
from pathlib import Path

from starlette.routing import Route

import hie.web
from hie.access.glass import GlassReason, Review
from hie.exchange.reopen import Cause
from hie.oauth.open_doors import is_open
from hie.recognition.catalogue import load_catalogue
from hie.schemas import schema
from hie.web import PAGES, WEB_ROUTES
from hie.web.language import texts
from hie.web.pages import break_glass, consents, decision_view, orders, outcomes, work
from hie.web.pages.answered import OUTCOMES
from hie.web.pages.comparison import STANDINGS, STATUSES, WHATS
from hie.web.pages.filters import CATEGORIES, IMAGING
from hie.web.pages.find import CODE, TYPES
from hie.web.pages.imaging import WINDOWS
from hie.web.pages.orders import BEFORE, ENCOUNTERS, EVENTS, PURPOSES
from hie.web.pages.studies import CONTRASTS, PARTS, PROTOCOLS, REPORT_STATUSES, SIDES
from hie.web.pages.view import CLASSES

ROOT = Path(hie.web.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))
MODULES = sorted(ROOT.rglob("*.py"))
# Keys that are put together from a word of the data.
MADE = {
    "type-": (*TYPES, CODE),
    "verdict-": (*OUTCOMES, "none"),
    "why-": (*OUTCOMES, "none"),
    "count-": OUTCOMES,
    "state-": ("fired", "unknown", "passed"),
    "category-": (*CATEGORIES, IMAGING),
    "class-": CLASSES,
    "mark-": ("holds", "void", "unasked"),
    "sex-": ("male", "female", "other", "unknown"),
    "part-": PARTS,
    "side-": SIDES,
    "contrast-": CONTRASTS,
    "protocol-": PROTOCOLS,
    "report-": REPORT_STATUSES,
    "window-": tuple(name for name, _, _ in WINDOWS),
    "drag-": ("stack", "window", "pan", "zoom"),
    "encounter-": ENCOUNTERS,
    "intent-": PURPOSES,
    "measure-": BEFORE,
    "event-": EVENTS,
    "order-wrong-": orders.FIELDS,
    "wrong-": (*decision_view.FIELDS, "other"),
    "decided-": ("use", "repeat"),
    "decision-": ("use", "repeat"),
    "cause-": tuple(cause.value for cause in Cause),
    "what-": (*WHATS, "other"),
    "status-": STATUSES,
    "standing-": STANDINGS,
    "work-": work.STATES,
    "by-": outcomes.BY,
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


def test_every_text_a_template_asks_for_exists() -> None:
    assert len(_asked()) > 30
    assert _asked() <= set(texts())


def test_every_text_that_is_put_together_exists() -> None:
    found = set(re.findall(r"\bt\('([^']+)'\s*~", _sources()))
    found |= set(re.findall(r"\bsay\(\s*f\"([a-z]+-)\{", _sources()))
    assert found <= set(MADE), found
    for prefix, words in MADE.items():
        for word in words:
            assert prefix + word in texts()


def test_no_text_is_left_over() -> None:
    quoted = set(re.findall(r"[\"']([a-z0-9-]+)[\"']", _sources()))
    made = {prefix + word for prefix, words in MADE.items() for word in words}
    assert set(texts()) - quoted - made == set()


def test_every_text_is_there_in_both_languages_with_the_same_data() -> None:
    for key, words in texts().items():
        assert set(words) == {"zh", "en"}, key
        data = [set(re.findall(r"\{(\w+)\}", text)) for text in words.values()]
        assert data[0] == data[1], key
        assert all(text.strip() for text in words.values()), key


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
    for name, center, width in WINDOWS:
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
