"""The orders of a check as one decision: what is offered, put forward, counted and saved."""

from decimal import Decimal
from typing import Any

import pytest

from hie.recognition.reasons import load_reasons
from hie.recognition.reminders import Reminder, Silent
from hie.recognition.rulebook import load_rulebook
from hie.web.pages import order_card
from tests.unit.web.answers import CLASSES, ITEMS, candidate, finding, order

BOOK = load_rulebook()
NAMES = ITEMS | {key: one | {"category": "imaging"} for key, one in CLASSES.items()}


def found(*orders: dict[str, Any], **change: Any) -> dict[str, Any]:
    """A check of these orders, nothing decided."""
    every = [{"saves": None, "reasons": ["N1_CONDITION_CHANGED"]} | one for one in orders]
    return {
        "check": "c1",
        "answer": {"orders": every, "identity": "matched"},
        "requested": {},
        "patient": {"id": "p1"},
        "names": NAMES,
        "lines": {one["ref"]: Reminder(one["ref"], one["item"], "", None) for one in every},
        "decisions": {one["ref"]: [] for one in every},
        "reasons": {one["ref"]: list(load_reasons().by_key.values()) for one in every},
        "said": {},
    } | change


def lines(of: dict[str, Any], sent: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return order_card.lines(of, sent or {}, {}, BOOK, "en")


def costs(amount: str, billable: str) -> dict[str, Any]:
    return {"saves": {"amount": amount, "billable": billable}}


def decided(decision: str, **change: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": "d1",
        "check": "c1",
        "ref": "K",
        "here": True,
        "decision": decision,
        "state": "recorded",
        "by": "x",
        "at": "2026-06-12T00:00:00Z",
        "events": [],
        "reason": None,
    }
    return whole | change


REVIEW = candidate("clinician_review", findings=[finding("R-405", fired=True)])
REFUSED = candidate("do_not_recognise", findings=[finding("R-202", fired=True)])


def test_what_was_said_of_a_card_is_shown_and_leaves_nothing_chosen() -> None:
    reason = load_reasons().by_key["N2_RAPIDLY_CHANGING"]
    one = {"became": "explained-unknown", "reason": reason.words, "comment": "see chart"}
    one |= {"at": "2026-06-12T02:30:00.000Z"}
    for said, starts in (
        (one, f"The ordering system gave a reason to repeat: {reason.words['en']}."),
        (one | {"became": "reason-unknown", "reason": None}, "In the ordering system the reminder"),
        (one | {"became": "kept", "reason": None}, "In the ordering system the order was kept"),
    ):
        of = found(order("K", "recognise", candidate()), said={"K": said})
        (line,) = lines(of)
        assert line["said"]["text"].startswith(starts)
        assert (line["said"]["comment"], line["said"]["at"]) == ("see chart", "2026-06-12 10:30")
        assert (line["used"], line["reason"]) == (False, "")
        assert lines(of, {"ref-1": "K", "use-1": "yes"})[0]["used"]
    assert lines(found(order("K", "recognise", candidate())))[0]["said"] == {}


def test_what_is_recognised_is_chosen_beforehand_and_nothing_else() -> None:
    every = lines(
        found(
            order("K", "recognise", candidate()),
            order("HGB", "clinician_review", REVIEW),
            order("HBSAG", "do_not_recognise", REFUSED),
            order("CT", "none"),
        )
    )
    assert [one["used"] for one in every] == [True, False, False, False]
    assert [one["may_use"] for one in every] == [True, True, False, False]
    assert [one["open"] for one in every] == [True, True, True, False]
    assert not any(reason["chosen"] for one in every for reason in one["reasons"] + one["more"])
    assert [one["hint"] for one in every] == ["", "words of R-405", "words of R-202", ""]


@pytest.mark.parametrize(
    ("outcome", "found_", "said"),
    [
        # What brought the verdict, not what merely is not known, nor what spoke first.
        ("clinician_review", [("R-205", "unknown"), ("R-405", "fired")], "R-405"),
        ("do_not_recognise", [("R-405", "fired"), ("R-104", "fired"), ("R-601", "fired")], "R-601"),
        ("clinician_review", [("R-104", "fired"), ("R-205", "unknown")], "R-205"),
        ("clinician_review", [("R-499", "fired"), ("R-205", "unknown")], "R-499"),
        ("clinician_review", [("R-104", "fired")], ""),
    ],
)
def test_the_one_sentence_is_what_made_the_verdict(
    outcome: str, found_: list[tuple[str, str]], said: str
) -> None:
    findings = [finding(rule, **{state: True}) for rule, state in found_]
    (one,) = lines(found(order("K", outcome, candidate(outcome, findings=findings))))
    assert one["hint"] == (f"words of {said}" if said else "")


@pytest.mark.parametrize(
    ("silent", "chosen"),
    [
        (None, True),
        (Silent.REMINDED, True),  # the page is opened again
        (Silent.EMERGENCY, False),
        (Silent.DECIDED, False),
    ],
)
def test_where_nobody_is_reminded_nothing_is_chosen(silent: Silent | None, chosen: bool) -> None:
    one = found(order("K", "recognise", candidate()))
    (line,) = lines(one | {"lines": {"K": Reminder("K", "K", "recognise", silent)}})
    assert line["used"] is chosen


def test_a_check_that_asks_again_offers_what_stands_now() -> None:
    silent = {"K": Reminder("K", "K", "recognise", Silent.DECIDED)}
    elsewhere = {"K": [decided("use", here=False, check="c0", state="reopened")]}
    one = found(order("K", "recognise", candidate()), lines=silent, decisions=elsewhere)
    (line,) = lines(one)
    assert (line["used"], line["open"], line["decided"]) == (True, True, False)


def test_what_was_sent_is_kept_but_a_contradiction_is_cleared() -> None:
    one = found(order("K", "recognise", candidate()))
    sent = {"ref-1": "K", "use-1": "yes", "reason-1": "N2_RAPIDLY_CHANGING", "text-1": "so"}
    (line,) = order_card.lines(one, sent, {1: ["both"]}, BOOK, "en")
    assert (line["used"], line["reason"], line["text"]) == (False, "", "so")
    (line,) = lines(one, sent | {"use-1": ""})
    assert [r["key"] for r in line["reasons"] if r["chosen"]] == ["N2_RAPIDLY_CHANGING"]


def test_six_reasons_have_their_own_number_in_every_line() -> None:
    refused = order("K", "do_not_recognise", REFUSED) | {
        "reasons": ["L2_EQA_FAILED", "N3_CRITICAL_DECISION", "N1_CONDITION_CHANGED"]
    }
    (line,) = lines(found(refused))
    numbered = [(one["number"], one["key"][:2]) for one in line["reasons"]]
    assert numbered == [*((n, f"N{n}") for n in range(1, 7)), (0, "L2")]
    assert "L2_EQA_FAILED" not in [one["key"] for one in line["more"]]
    assert len(line["reasons"]) + len(line["more"]) == len(load_reasons().by_key)


def test_of_one_billable_all_are_used_or_nothing_is_saved_and_images_stand_alone() -> None:
    every = lines(
        found(
            order("K", "recognise", candidate()) | costs("8.50", "blood"),
            order("HGB", "recognise", candidate()) | costs("0.00", "blood"),
            order("CT", "recognise", candidate(value=None, unit=None)) | costs("200.00", "CT"),
            order("CT", "clinician_review", REVIEW) | {"ref": "2"} | costs("200.00", "CT"),
        )
    )
    assert order_card.avoided(every) == "208.50"
    every[1]["used"] = False
    assert order_card.avoided(every) == "200.00"
    every[2]["used"] = False
    assert order_card.avoided(every) == ""


def test_what_is_repeated_already_takes_the_saving_of_its_billable() -> None:
    two = found(
        order("K", "recognise", candidate()) | costs("8.50", "blood"),
        order("HGB", "recognise", candidate()) | costs("8.50", "blood"),
        decisions={"K": [decided("repeat")], "HGB": []},
    )
    every = lines(two)
    assert [one["saves"] for one in every] == [Decimal(0), Decimal(0)]
    two["decisions"]["K"] = [decided("use")]
    assert lines(two)[1]["saves"] == Decimal("8.50")


def test_the_head_counts_what_is_open_chosen_and_decided() -> None:
    of = found(
        order("K", "recognise", candidate()),
        order("HGB", "recognise", candidate()),
        order("HBSAG", "clinician_review", REVIEW),
        decisions={"K": [decided("use")], "HGB": [], "HBSAG": []},
    )
    head = order_card.head(lines(of, {"ref-3": "HBSAG", "reason-3": "N4_EMERGENCY"}))
    assert (head["total"], head["recognisable"], head["offered"]) == (3, 2, 2)
    assert (head["uses"], head["repeats"], head["waiting"]) == (1, 1, 2)
    assert head["decided"] == {"use": 1, "repeat": 0}


def test_what_was_saved_is_told_of_the_results_that_are_used_and_stand() -> None:
    of = found(
        order("K", "recognise", candidate()) | costs("8.50", "K"),
        decisions={"K": [decided("use")]},
    )
    assert order_card.head(lines(of))["saved"] == "8.50"
    of["decisions"]["K"] = [decided("use", state="reopened")]
    assert order_card.head(lines(of))["saved"] == ""


def test_all_as_usual_is_offered_for_several_alone() -> None:
    one = order("K", "recognise", candidate())
    assert order_card.for_all(lines(found(one)), {}) == []
    every = lines(found(one, order("HGB", "clinician_review", REVIEW)))
    told = order_card.for_all(every, {"reason-all": "N5_LEGAL_APPRAISAL"})
    assert [reason["key"] for reason in told if reason["chosen"]] == ["N5_LEGAL_APPRAISAL"]


def test_the_words_of_the_button_go_with_the_number() -> None:
    assert order_card.labels(2, "en") == [
        "Record the decision",
        "Use 1 result, remove the order",
        "Use 2 results, remove the orders",
    ]
    assert order_card.repeats(1, "zh") == ["", "另有 1 项重新检查"]
