"""A card says what may stand in, why or why not, and what can be done with the draft at once."""

from decimal import Decimal
from typing import Any

import pytest

from hie.cds.cards import Line, Made, card_of, with_result
from hie.cds.drafts import Draft
from hie.cds.links import links
from hie.fhir.wire import read_object, write
from hie.recognition.reasons import load_reasons
from hie.recognition.rulebook import load_rulebook
from hie.wording import Language
from tests.integration.cds.support import POTASSIUM
from tests.unit.web.answers import candidate, finding
from tests.unit.web.answers import order as an_order

BASE = "https://hub.example"
LINKS = links(
    f"{BASE}/checks/c1", "link-check", [("趋势图", "https://app.example")], {"ref": "x"}, "en"
)
USE = [{"type": "delete", "description": "Remove the order: Potassium",
        "resourceId": "ServiceRequest/sr-k"}]  # fmt: skip


def made(
    outcome: str = "recognise",
    lang: Language = "en",
    name: str = "Potassium",
    key: str | None = "ServiceRequest/sr-k",
    **change: Any,
) -> Made:
    order = an_order("K", outcome, candidate("do_not_recognise"), candidate(outcome, **change))
    saves = {"amount": "8.50", "currency": "CNY", "billable": "K", "basis": "x"}
    line = Line(
        Draft("sr-k", key, POTASSIUM),
        {**order, "saves": saves if outcome == "recognise" else None},
        name,
        list(load_reasons().by_key.values())[:2],
    )
    return card_of(line, LINKS, BASE, load_rulebook(), lang)


def test_a_card_has_what_the_specification_asks_for_and_nothing_empty() -> None:
    card = made().card
    assert card.keys() == {
        *("uuid", "summary", "detail", "indicator", "source", "suggestions", "selectionBehavior"),
        *("overrideReasons", "links"),
    }
    assert card["summary"] == "Recognisable: Potassium 4.1 mmol/L (甲医院, 3 days ago)"
    assert (card["indicator"], card["selectionBehavior"]) == ("info", "at-most-one")
    assert card["source"]["url"] == f"{BASE}/"
    assert card["overrideReasons"][0].keys() == {"system", "code", "display"}
    assert [one["type"] for one in card["links"]] == ["absolute", "smart"]
    assert card["links"][1]["appContext"] == '{"ref":"x"}'

    def empty(value: Any) -> bool:
        inner = value.values() if isinstance(value, dict) else value
        return value in (None, "", [], {}) or (
            isinstance(value, dict | list) and any(map(empty, inner))
        )

    assert not empty(card)


def test_one_suggestion_removes_the_draft_the_other_attaches_the_result() -> None:
    one = made()
    use, keep = one.card["suggestions"]
    assert one.suggestions == ((use["uuid"], "use"), (keep["uuid"], "keep"))
    assert use["actions"] == USE
    assert (use["isRecommended"], "isRecommended" in keep) == (True, False)
    (action,) = keep["actions"]
    assert action["type"] == "update"
    attached = {"reference": f"{BASE}/fhir/Observation/x", "type": "Observation"}
    assert action["resource"] == POTASSIUM | {
        "supportingInfo": [attached | {"display": "Potassium"}]
    }
    assert "supportingInfo" not in POTASSIUM


def test_a_draft_without_an_id_can_only_be_read_about() -> None:
    card = made(key=None).card
    assert "suggestions" not in card
    assert "selectionBehavior" not in card


def test_what_needs_review_warns_and_recommends_nothing() -> None:
    card = made("clinician_review").card
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("Review: ")
    assert card["suggestions"][0]["isRecommended"] is False


def test_the_reasons_that_count_are_told_in_order() -> None:
    told = made(
        "clinician_review",
        findings=[
            finding("R-104", fired=True),  # a notice
            finding("R-205", unknown=True),  # unknown, and let pass
            finding("R-401"),
            finding("R-402", fired=True),
            finding("R-502"),
            finding("R-507", fired=True),
        ],
    )
    listed = [line for line in told.card["detail"].splitlines() if line.startswith("- ")]
    assert listed == [f"- words of {rule}" for rule in ("R-402", "R-507", "R-104", "R-401")]


def test_the_reported_value_stands_beside_the_converted() -> None:
    reported = {"value": "16.0", "unit": "mg/dL", "low": None, "high": None}
    detail = made(reported=reported, mark="省HR").card["detail"]
    assert detail.splitlines()[0] == (
        "**Potassium** 4.1 mmol/L · 甲医院 · 3 days ago · reported as 16.0 mg/dL · mark 省HR"
        " · limit 7 days"
    )
    assert "Using it avoids 8.50 CNY." in detail


@pytest.mark.parametrize(
    ("lang", "change", "summary"),
    [
        ("zh", {}, "可互认：钾 4.1 mmol/L（甲医院，3 天前）"),
        ("zh", {"age_days": 0}, "可互认：钾 4.1 mmol/L（甲医院，今天）"),
        ("en", {"age_days": 1}, "Recognisable: 钾 4.1 mmol/L (甲医院, 1 day ago)"),
        ("en", {"age_days": None}, "Recognisable: 钾 4.1 mmol/L (甲医院, time unknown)"),
        ("en", {"value": "reactive", "unit": None}, "Recognisable: 钾 reactive (甲医院, 3 days ago)"),
        ("en", {"value": None, "unit": None, "institution": {"code": None, "name": None}},
         "Recognisable: 钾, a result is there (institution unknown, 3 days ago)"),
        ("zh", {"value": None, "unit": None}, "可互认：钾，已有结果（甲医院，3 天前）"),
    ],
)  # fmt: skip
def test_a_summary_in_words(lang: Language, change: dict[str, Any], summary: str) -> None:
    assert made(lang=lang, name="钾", **change).card["summary"] == summary


def test_a_summary_is_shorter_than_140_characters_and_a_name_is_no_markup() -> None:
    card = made(name="<b>" + "长" * 200, institution={"code": "A", "name": "**[x](y)**"}).card
    assert len(card["summary"]) == 139
    assert "<b>" not in card["detail"]
    assert r"\*\*\[x\](y)\*\*" in card["detail"]


def test_an_attached_result_is_attached_once_and_the_draft_keeps_its_digits() -> None:
    draft = read_object(
        b'{"resourceType":"ServiceRequest","quantityQuantity":{"value":1.50},'
        b'"supportingInfo":[{"reference":"Condition/1"},7]}'
    )
    one = candidate()
    whole = with_result(draft, one, BASE, "K")
    again = with_result(whole, one, BASE, "K")
    assert whole == again
    assert [info["reference"] for info in whole["supportingInfo"]] == [
        "Condition/1",
        f"{BASE}/fhir/Observation/x",
    ]
    assert b'"value":1.50' in write(whole)
    assert draft["quantityQuantity"]["value"] == Decimal("1.50")
