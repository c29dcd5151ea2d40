"""What the pages of a check and of the work list show: comparison, every reason, what became."""

from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.requests import Request

from hie.recognition.reasons import load_reasons
from hie.recognition.reminders import Reminder
from hie.recognition.rulebook import load_rulebook
from hie.settings import Settings
from hie.web.language import say
from hie.web.pages import decision_view, order_card
from hie.web.pages.comparison import comparison, minute, what_became, what_changed
from hie.web.pages.why import gates
from hie.web.render import Person, page
from tests.unit.web.answers import ITEMS, candidate, finding, order

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"


def told(rule: str, **data: Any) -> dict[str, Any]:
    return finding(rule) | {"data": data}


# -- comparison -----------------------------------------------------------------------------------


def test_both_intervals_flags_and_methods_stand_side_by_side() -> None:
    one = candidate(
        value="7.8",
        reported={"value": "140", "unit": "mg/dL", "low": "70", "high": "110"},
        findings=[
            told("R-302", method="enzymatic", method_ordered="jaffe"),
            told(
                "R-308", interval="70-110", interval_receiver="3.9-6.1", flag="H", flag_receiver="H"
            ),
        ],
    )
    found = comparison(one, "en")
    assert found is not None
    assert (found["reported"], found["value"], found["converted"]) == (
        "140 mg/dL",
        "7.8 mmol/L",
        True,
    )
    assert (found["interval"], found["interval_own"]) == ("70–110", "3.9–6.1")
    assert (found["flag"], found["flag_own"], found["flag_differs"]) == ("high", "high", False)
    assert (found["method"], found["method_own"]) == ("enzymatic", "Jaffe")


def test_what_a_gate_did_not_get_to_is_not_asked_and_never_worked_out() -> None:
    found = comparison(candidate(), "en")
    assert found is not None
    assert (found["flag"], found["interval_own"]) == ("not asked", "not asked")
    assert found["has_method"] is False
    assert found["change"] is None


def test_a_change_is_shown_with_its_reference() -> None:
    data = {
        "value": "5.1",
        "unit": "mmol/L",
        "rcv_percent": "13.9",
        "older_value": "4.1",
        "older_collected": "2026-06-01T08:00:00+08:00",
        "change_percent": "24.4",
    }
    found = comparison(candidate(findings=[told("R-507", **data)]), "zh")
    assert found is not None
    assert found["change"] == {
        "older": "4.1 mmol/L",
        "collected": "2026-06-01",
        "percent": "24.4",
        "rcv": "13.9",
    }


def test_images_have_no_comparison() -> None:
    nothing = {"value": None, "unit": None, "low": None, "high": None}
    assert comparison(candidate(value=None, unit=None, reported=nothing), "en") is None


# -- what became ----------------------------------------------------------------------------------


def event(version: int, old: str, new: str, cause: str = "corrected") -> dict[str, Any]:
    return {
        "at": f"2026-06-1{version}T00:00:00.000Z",
        "cause": cause,
        "changes": [{"what": "value", "old": old, "new": new}],
        "was": {"resource": f"Observation/x/_history/{version}", "unit": "mmol/L"},
        "now": {"resource": f"Observation/x/_history/{version + 1}", "unit": "mmol/L"},
    }


def test_several_corrections_are_one_table_from_what_was_used_to_what_stands() -> None:
    (found,) = what_became([event(1, "4.1", "5.2"), event(2, "5.2", "5.0")], "en")
    assert found["times"] == 2
    assert found["rows"] == [{"what": "value", "old": "4.1 mmol/L", "new": "5.0 mmol/L"}]


def test_a_correction_that_was_taken_back_leaves_nothing_to_compare() -> None:
    (found,) = what_became([event(1, "4.1", "5.2"), event(2, "5.2", "4.1")], "en")
    assert (found["times"], found["rows"]) == (2, [])


def test_other_causes_stand_by_themselves() -> None:
    link = {"at": "2026-06-12T00:00:00Z", "cause": "identity", "was": None, "now": None}
    link["changes"] = [{"what": "person", "old": "same", "new": "not-same"}]  # type: ignore[assignment]
    both = what_became([event(1, "4.1", "5.2"), link], "zh")
    assert [one["cause"] for one in both] == ["corrected", "identity"]
    assert both[1]["rows"] == [{"what": "person", "old": "同一人", "new": "不是同一人"}]


@pytest.mark.parametrize(
    ("what", "old", "new", "shown"),
    [
        ("status", "final", "entered-in-error", ("final", "withdrawn")),
        ("class", "non-reactive", "reactive", ("Non-reactive", "Reactive")),
        ("interpretation", None, "H", ("nothing", "H")),
        ("effective", "2026-06-12T00:10:00Z", "2026-06-12", ("2026-06-12 08:10", "2026-06-12")),
        ("something-new", "a", "b", ("a", "b")),
    ],
)
def test_what_changed_is_said_in_words(
    what: str, old: str | None, new: str | None, shown: tuple[str, str]
) -> None:
    one = event(1, "", "") | {"changes": [{"what": what, "old": old, "new": new}]}
    (row,) = what_changed(one, "en")["rows"]
    assert (row["old"], row["new"]) == shown
    assert row["what"] == ("other" if what == "something-new" else what)


def test_times_are_shown_in_shanghai_to_the_minute() -> None:
    assert minute("2026-06-11T23:59:59.000Z") == "2026-06-12 07:59"
    assert minute("2026-06") == "2026-06"
    assert minute("") == ""


# -- every reason ---------------------------------------------------------------------------------


def test_every_finding_stands_under_its_gate_in_both_languages_with_its_texts() -> None:
    one = candidate(
        findings=[
            finding("R-004"),
            finding("R-104", fired=True),
            finding("R-205", unknown=True),
            finding("R-401", fired=True),
        ]
    )
    found = gates(one, load_rulebook(), "en")
    assert [(gate["number"], gate["spoke"]) for gate in found] == [(0, 0), (1, 1), (2, 1), (4, 1)]
    states = [entry["state"] for gate in found for entry in gate["findings"]]
    assert states == ["passed", "fired", "unknown", "fired"]
    signs = [entry["sign"] for gate in found for entry in gate["findings"]]
    assert signs == ["✓", "✓", "?", "!"]
    entry = found[3]["findings"][0]
    assert (entry["text"], entry["other_text"]) == ("words of R-401", "R-401 的话")
    assert entry["basis"][0]["code"] == "OPN24"
    assert entry["basis"][0]["href"].startswith("https://www.nhc.gov.cn/")


def test_a_rule_nobody_knows_any_more_is_shown_as_it_was_said() -> None:
    one = candidate(findings=[finding("R-499", fired=True) | {"basis": "OLD"}])
    (gate,) = gates(one, load_rulebook(), "zh")
    (entry,) = gate["findings"]
    assert entry["basis"] == [{"code": "OLD", "title": "OLD", "href": "", "first": True}]
    assert entry["title"] == ""


# -- the page -------------------------------------------------------------------------------------


def desk(text: str = "甲", **change: Any) -> dict[str, Any]:
    """A check of one order, decided and reopened, with `text` wherever data of others can stand."""
    institution = {"code": "A", "name": text}
    spoke = finding("R-302", fired=True) | {"text": {"zh": text, "en": text}}
    first = candidate(institution=institution, mark=text, findings=[spoke])
    one = order("K", "recognise", first) | {
        "reasons": ["N1_CONDITION_CHANGED"],
        "saves": {"amount": "8.50", "billable": "K"},
    }
    decision = {
        "id": "d1",
        "decision": "use",
        "state": "reopened",
        "here": True,
        "check": "c1",
        "ref": "K",
        "assessment": "a",
        "reason": None,
        "text": text,
        "explained": None,
        "by": text,
        "at": "2026-06-12T00:00:00Z",
        "events": [event(1, text, text + "!")],
        "notes": [],
    }
    return {
        "check": "c1",
        "at": "2026-06-12T00:00:00Z",
        "answer": {"orders": [one], "policy": "2026.2", "identity": "matched"},
        "encounter": {"class": "outpatient", "purpose": "treatment"},
        "requested": {"K": {"ref": "K", "item": "K"}},
        "patient": None,
        "names": {"K": ITEMS["K"] | {"zh": text, "en": text}},
        "lines": {"K": Reminder("K", "K", "recognise", None)},
        "decisions": {"K": [decision, decision | {"id": "d0", "state": "replaced"}]},
        "reasons": {"K": list(load_reasons().by_key.values())},
        "said": {
            "K": {"became": "kept", "reason": None, "comment": text, "at": "2026-06-12T00:00:00Z"}
        },
        **change,
    }


def _page(text: str, template: str, *, ambiguous: bool = False) -> str:
    found, wrong = desk(text), {0: ["other"], 1: ["text", "reason"]}
    sent = {"ref-1": "K", "reason-1": text, "text-1": text, "do": "all", "text-all": text}
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/checks/c1",
        "query_string": b"lang=en",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "scheme": "http",
    }
    book = load_rulebook()
    lines = order_card.lines(found, sent, wrong, book, "en")
    # Once decided on, once as if it were not.
    lines += [one | {"n": 2, "open": True, "decided": False} for one in lines]
    response = page(
        Request(scope),
        template,
        Settings(),
        person=Person(text, text, text, sees_patients=True, waiting=120),
        page="patients",
        here="/checks/c1",
        patient=None,
        later="/patients",
        ambiguous=ambiguous,
        emergency=False,
        encounter=text,
        at=text,
        policy=text,
        key=text,
        sent=sent,
        problem="decided-meanwhile",
        wrong=wrong,
        refusals=True,
        changes={"K": what_changed(event(1, text, text), "en")},
        head=order_card.head(lines),
        labels=order_card.labels(2, "en"),
        repeats=order_card.repeats(2, "en"),
        # of the card
        stopped=False,
        lines=lines,
        all=order_card.for_all([lines[1], lines[1]], sent),
        # of the detail
        rows=[decision_view.row(found, found["answer"]["orders"][0], "/checks/c1", "en")],
        order=decision_view.order(found, "K", book, "en"),
        line=lines[1],
        both=True,
        both_url="/checks/c1",
    )
    return bytes(response.body).decode()


def _shape(body: str) -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, tuple(name for name, _ in attrs)))

    reader = Reader()
    reader.feed(body)
    reader.close()
    return found


@pytest.mark.parametrize("template", ["check.html", "order_card.html"])
def test_a_hostile_text_is_text_everywhere(template: str) -> None:
    hostile, plain = _page(HOSTILE, template), _page("Li Wei", template)
    assert "<script>alert" not in hostile
    assert "49" not in hostile.replace("149", "")
    assert _shape(hostile) == _shape(plain)
    assert "99+" in plain


@pytest.mark.parametrize("template", ["check.html", "order_card.html"])
def test_who_it_is_may_be_uncertain_and_that_is_not_nobody(template: str) -> None:
    uncertain, nobody = _page("x", template, ambiguous=True), _page("x", template)
    assert "It is not certain which patient this is" in uncertain
    assert "No patient was matched" not in uncertain
    assert "No patient was matched" in nobody


def test_of_somebody_uncertain_nothing_was_looked_up_and_that_is_not_no_result() -> None:
    order = {"ref": "K", "outcome": "none"}
    for identity, outcome in (("ambiguous", "unseen"), ("none", "none"), ("matched", "none")):
        assert decision_view.outcome_of({"answer": {"identity": identity}}, order) == outcome
    seen = order | {"outcome": "clinician_review"}
    assert decision_view.outcome_of({"answer": {"identity": "ambiguous"}}, seen) == seen["outcome"]
    assert say("verdict-unseen", "en") != say("verdict-none", "en")
