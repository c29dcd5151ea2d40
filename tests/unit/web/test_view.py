"""Answers as rows, filters and reasons; a hostile name stays text."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.requests import Request

from hie.exchange.result_history import PastResult
from hie.recognition.rulebook import load_rulebook
from hie.settings import Settings
from hie.web.pages import studies, view
from hie.web.pages.answered import shown, sources, with_results
from hie.web.pages.filters import Filters, chosen_orders, filter_groups
from hie.web.pages.trend import look
from hie.web.pages.why import gates
from hie.web.render import Person, page
from tests.unit.web.answers import (
    ITEMS,
    candidate,
    examination,
    finding,
    order,
    past,
    report,
    series,
)

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def _row(one: dict[str, Any], *history: PastResult) -> dict[str, Any]:
    number = sources({"orders": [one]})
    return view.row(one, ITEMS[one["item"]], number, Filters(), "/patients/1", "en", history)


def test_a_row_says_value_source_age_and_verdict() -> None:
    row = _row(order("K", "recognise", candidate()))
    told = {key: row[key] for key in "name value unit flag range collected limit outcome".split()}
    assert told == {
        "name": "Potassium",
        "value": "4.1",
        "unit": "mmol/L",
        "flag": "",
        "range": "3.5–5.3",
        "collected": "3 d ago",
        "limit": "4 d left",
        "outcome": "recognise",
    }
    assert row["reported"] == ""
    assert row["spark"] == ""
    assert row["bar"] != ""


@pytest.mark.parametrize(
    ("value", "low", "high", "flag", "interval"),
    [
        ("5.4", "3.5", "5.3", "h", "3.5–5.3"),
        ("3.4", "3.5", "5.3", "l", "3.5–5.3"),
        ("5.3", "3.5", "5.3", "", "3.5–5.3"),
        ("9", None, "5.3", "h", "≤ 5.3"),
        ("1", "3.5", None, "l", "≥ 3.5"),
        ("1", None, None, "", ""),
        ("nan", "3.5", "5.3", "", "3.5–5.3"),
        ("<0.5", "3.5", "5.3", "", "3.5–5.3"),
    ],
)
def test_flags_follow_the_printed_interval(
    value: str, low: str | None, high: str | None, flag: str, interval: str
) -> None:
    reported = {"value": value, "unit": "mmol/L", "low": low, "high": high}
    row = _row(order("K", "recognise", candidate(value=value, reported=reported)))
    assert (row["flag"], row["range"]) == (flag, interval)


def test_a_converted_value_shows_the_reported_one() -> None:
    reported = {"value": "14.1", "unit": "g/dL", "low": None, "high": None}
    one = candidate(value="141", unit="g/L", reported=reported)
    assert _row(order("HGB", "recognise", one))["reported"] == "reported 14.1 g/dL"


def test_a_unit_in_another_spelling_is_no_conversion() -> None:
    reported = {"value": "67.0", "unit": "μmol/L", "low": None, "high": None}
    one = candidate(value="67.0", unit="umol/L", reported=reported)
    assert _row(order("HGB", "recognise", one))["reported"] == ""


def test_a_class_is_said_in_words_and_not_as_converted() -> None:
    reported = {"value": "阴性(-)", "unit": None, "low": None, "high": None}
    one = candidate(value="non-reactive", unit=None, reported=reported)
    row = _row(order("HBSAG", "recognise", one))
    assert (row["value"], row["reported"], row["bar"]) == ("Non-reactive", "", "")


@pytest.mark.parametrize(
    ("days", "limit", "text"),
    [(6, 7, "1 d left"), (7, 7, "last day of the limit"), (8, 7, "1 d over the limit")],
)
def test_the_time_limit_has_a_last_day(days: int, limit: int, text: str) -> None:
    assert view.limit_text(candidate(age_days=days, limit_days=limit), "en") == text


def test_a_mark_that_does_not_reach_here_is_void() -> None:
    reaches = candidate(mark="HR", findings=[finding("R-104", fired=True)])
    assert _row(order("K", "recognise", reaches))["mark_state"] == "holds"
    elsewhere = candidate(mark="HR", findings=[finding("R-104")])
    assert _row(order("K", "clinician_review", elsewhere))["mark_state"] == "void"
    stopped = candidate(
        "do_not_recognise", mark="京津冀HR", findings=[finding("R-004", fired=True)]
    )
    assert _row(order("K", "do_not_recognise", stopped))["mark_state"] == "unasked"


def test_a_row_shows_the_candidate_with_the_orders_outcome() -> None:
    newest = candidate("do_not_recognise", value="9")
    one = order("K", "recognise", newest, candidate("recognise", value="4"))
    assert shown(one)["value"] == "4"
    assert _row(one)["value"] == "4"


@pytest.mark.parametrize(
    "change",
    [{"taken": "2026-05"}, {"taken": ""}, {"number": None}, {"status": "preliminary"}],
)
def test_a_trend_leaves_out_what_is_no_issued_number_of_a_known_day(change: dict[str, Any]) -> None:
    one = order("K", "recognise", candidate())
    assert _row(one, past(), past("4.4", **change))["spark"] == ""
    assert _row(one, past(), past("4.4"))["spark"] != ""


def test_what_a_source_calls_abnormal_is_marked_whatever_its_interval_says() -> None:
    one = order("HBSAG", "recognise", candidate(value="reactive", unit=None))
    assert _row(one, past(flag="a", printed="阴性"))["flag"] == "a"
    none = {"value": "reactive", "unit": None, "low": None, "high": None}
    coded = order("HBSAG", "recognise", candidate(value="reactive", unit=None, reported=none))
    assert _row(coded, past(printed="阴性"))["range"] == "阴性"
    assert _row(coded)["range"] == ""


def test_orders_without_an_earlier_result_are_no_rows() -> None:
    orders = [
        order("K", "recognise", candidate()),
        order("HGB", "none"),
        order("HBSAG", "none", candidate("none")),
    ]
    assert [one["item"] for one in with_results(orders)] == ["K"]


def test_filters_narrow_and_count() -> None:
    other = {"code": "B", "name": "乙医院"}
    orders = [
        order("K", "recognise", candidate()),
        order(
            "HGB", "clinician_review", candidate("clinician_review", institution=other, age_days=91)
        ),
    ]
    names = {"A": "甲医院", "B": "乙医院"}
    number = sources({"orders": orders})
    filters = Filters(verdict="recognise")
    verdict, category, source, period, values = filter_groups(
        orders, ITEMS, names, number, filters, "/patients/1", "en", [("", "", 80)], {"HGB"}
    )
    assert [(c["text"], c["count"], c["current"]) for c in verdict["choices"]] == [
        ("All", 3, False),
        ("Recognisable", 1, True),
        ("Review", 1, False),
    ]
    assert [c["text"] for c in category["choices"]] == [
        "All",
        "Chemistry",
        "Haematology",
        "Imaging",
    ]
    assert [(c["text"], c["count"]) for c in period["choices"]] == [
        ("90 days", 2),
        ("1 year", 3),
        ("All", 3),
    ]
    assert [(c["text"], c["count"]) for c in values["choices"]] == [
        ("All", 3),
        ("Only abnormal", 1),
    ]
    assert values["choices"][1]["url"] == "/patients/1?verdict=recognise&only=abnormal"
    assert [(c["text"], c["source"]) for c in source["choices"]] == [
        ("All", None),
        ("甲医院", 0),
        ("乙医院", 1),
    ]
    assert source["choices"][2]["url"] == "/patients/1?verdict=recognise&source=B"
    for chosen, expected in (
        (filters, ["K"]),
        (Filters(category="haematology"), ["HGB"]),
        (Filters(source="B"), ["HGB"]),
        (Filters(source="B", verdict="recognise"), []),
        (Filters(verdict="nonsense"), []),
        (Filters(days="90"), ["K"]),
        (Filters(days="365"), ["K", "HGB"]),
        (Filters(days="nonsense"), ["K", "HGB"]),
        (Filters(only="abnormal"), ["HGB"]),
        (Filters(only="abnormal", days="90"), []),
    ):
        assert [o["item"] for o in chosen_orders(orders, ITEMS, chosen, {"HGB"})] == expected


def test_an_address_escapes_what_it_carries() -> None:
    url = Filters(source="A&b=<x>").url("/patients/1", item="K")
    assert url == "/patients/1?source=A%26b%3D%3Cx%3E&item=K"


def test_reasons_put_what_spoke_before_what_passed() -> None:
    findings = [
        finding("R-401"),
        finding("R-104", fired=True),
        finding("R-302", fired=True),
        finding("R-303", unknown=True),
    ]
    one = order("K", "clinician_review", candidate("clinician_review", findings=findings))
    why = view.reasons(one, ITEMS["K"], {"A": 0}, "zh")
    assert [(f["rule"], f["state"], f["sign"], f["css"]) for f in why["findings"]] == [
        ("R-104", "fired", "✓", "y"),
        ("R-302", "fired", "!", "n"),
        ("R-303", "unknown", "?", "q"),
    ]
    assert [f["rule"] for f in why["passed"]] == ["R-401"]
    assert why["findings"][0]["text"] == "R-104 的话"


def test_what_speaks_against_a_result_stands_first_in_its_gate() -> None:
    findings = [
        finding("R-101"),
        finding("R-104", fired=True),
        finding("R-102", unknown=True),
        finding("R-103", fired=True),
        finding("R-201"),
    ]
    refused = candidate("do_not_recognise", findings=findings)
    scope, quality = gates(refused, load_rulebook(), "en")
    assert [one["rule"] for one in scope["findings"]] == ["R-103", "R-102", "R-104", "R-101"]
    assert (scope["spoke"], scope["against"], scope["notices"]) == (3, 2, ["words of R-104"])
    assert (quality["spoke"], quality["against"], quality["notices"]) == (0, 0, [])
    # What decided is said before all gates, and its gate is open; a doubt leads only where alone.
    assert [one["rule"] for one in scope["findings"] if one["leads"]] == ["R-103"]
    assert (scope["open"], quality["open"], scope["sign"], quality["sign"]) == (
        True,
        False,
        "!",
        "✓",
    )
    for outcome, leads in (("clinician_review", True), ("recognise", False)):
        doubt = candidate(outcome, findings=[finding("R-102", unknown=True)])
        (gate,) = gates(doubt, load_rulebook(), "en")
        assert (gate["open"], gate["findings"][0]["leads"], gate["sign"]) == (leads, leads, "?")
    # A text that several rest on is told by its title once.
    texts = [one for gate in (scope, quality) for f in gate["findings"] for one in f["basis"]]
    assert [one["first"] for one in texts if one["code"] == "OPN24"] == [True] + [False] * 4


def test_earlier_results_are_all_but_the_shown_one() -> None:
    one = order("K", "recognise", candidate(), candidate(value="3.9"), candidate(value="4.0"))
    why = view.reasons(one, ITEMS["K"], {"A": 0}, "en")
    assert [old["value"] for old in why["earlier"]] == ["3.9", "4.0"]


def _request(query: str = "") -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/patients/1",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "scheme": "http",
    }
    return Request(scope)


def _page(text: str, query: str = "lang=en") -> str:
    """The results page with `text` wherever data of others can stand."""
    institution = {"code": text, "name": text}
    told = finding("R-302", fired=True)
    told["text"] = {"zh": text, "en": text}
    older = candidate(institution=institution, value=text, effective="2026-06-01T08:00:00+08:00")
    newest = candidate(institution=institution, mark=text, findings=[told, finding("R-401")])
    one = order("K", "recognise", newest, candidate(institution=institution), older)
    item = ITEMS["K"] | {"zh": text, "en": text, "abbr": text, "loinc": text}
    number = sources({"orders": [one]})
    told_by = {"code": text, "institution": text, "method": text, "taken": text, "printed": text}
    history = [past(at_us=n * 10**13, **told_by) for n in (3, 2, 1)]
    found = {"history": {"K": history}, "items": {"K": item}}
    chosen = Filters(source=text)
    response = page(
        _request(query),
        "prior_results.html",
        Settings(),
        person=Person(text, text, text, sees_patients=True),
        page="patients",
        patient={
            "id": "1",
            "name": text,
            "sex": text,
            "age": 40,
            "birth_date": text,
            "identifier": text,
            "institutions": 2,
        },
        filters=filter_groups(
            [one], {"K": item}, {text: text}, number, chosen, "/patients/1", "en"
        ),
        filtered=True,
        counts=[("recognise", 1)],
        rows=[view.row(one, item, number, chosen, "/patients/1", "en", history)],
        studies=[
            studies.row(
                examination(
                    candidate=candidate(institution=institution, mark=text, findings=[told]),
                    **{"class": text, "parts": [text], "description": text, "taken": text},
                    key=text,
                    series=[series(text, text)],
                    report=report(text),
                ),
                {},
                number,
                chosen,
                "/patients/1",
                "en",
            )
        ],
        others=[
            {
                "name": text,
                "value": text,
                "unit": text,
                "effective": text,
                "collected": text,
                "institution": text,
            }
        ],
        others_left_out=3,
        chosen="K",
        why={
            **view.reasons(one, item, number, "en"),
            "unasked": text,
            "gates": gates(newest, load_rulebook(), "en"),
        },
        both=True,
        both_url="/patients/1",
        apps=[{"id": "1", "name": text}],
        studies_left_out=3,
        all_url="/patients/1",
        trend=look(one, found, number, chosen, 4 * 10**13, "en", table=1),
        data_url="/patients/1",
        order={
            "item": "K",
            "may_use": True,
            "decided": {
                **dict.fromkeys(("at", "by", "check", "ref"), text),
                "decision": "use",
                "state": "recorded",
            },
        },
        identity="ambiguous",
        only_newest=5000,
        sources=2,
        away=[{"institution": text, "since": text}],
        policy=text,
        on=text,
    )
    return bytes(response.body).decode()


def test_where_it_is_not_settled_who_the_patient_is_the_page_says_so_and_names_what_is_away() -> (
    None
):
    body = _page("x")
    assert "Who this is could not be settled" in body
    assert "x has not answered since x" in body
    assert "only the newest 5000 are looked at here" in body
    assert "3 older studies" in body


def _shape(body: str) -> list[tuple[str, tuple[str, ...]]]:
    """The elements of a page with the names of their attributes."""
    found: list[tuple[str, tuple[str, ...]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, tuple(name for name, _ in attrs)))

    reader = Reader()
    reader.feed(body)
    reader.close()
    return found


def test_a_hostile_name_is_text_everywhere() -> None:
    hostile, plain = _page(HOSTILE), _page("Li Wei")
    assert HOSTILE not in hostile
    assert _shape(hostile) == _shape(plain)


def test_a_page_has_no_style_attribute_and_no_inline_script() -> None:
    body = _page("Li Wei")
    assert not re.search(r"\sstyle\s*=|<style|javascript:", body)
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", body))


def test_the_language_link_keeps_the_filters() -> None:
    assert 'href="/patients/1?verdict=recognise&amp;lang=zh"' in _page(
        "x", "verdict=recognise&lang=en"
    )
