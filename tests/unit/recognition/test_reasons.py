"""Which reasons a clinician is offered, and in which order."""

from copy import deepcopy

import pytest

from hie.errors import RulebookInvalid
from hie.recognition.reasons import build_reasons, load_reasons
from hie.recognition.rulebook import Effect
from hie.schemas import read_yaml

NATIONAL = (
    "N1_CONDITION_CHANGED", "N2_RAPIDLY_CHANGING", "N3_CRITICAL_DECISION", "N4_EMERGENCY",
    "N5_LEGAL_APPRAISAL", "N6_OTHER_NECESSARY",
)  # fmt: skip


def test_without_an_effect_the_national_reasons_are_offered() -> None:
    assert load_reasons().for_effects([("R-401", Effect.PASS), ("R-104", Effect.PASS)]) == NATIONAL


def test_suggested_reasons_come_first_in_rule_order_and_once() -> None:
    effects = [
        ("R-405", Effect.REVIEW),
        ("R-201", Effect.REFUSE),
        ("R-009", Effect.REFUSE),
        ("R-004", Effect.REFUSE),
        ("R-401", Effect.PASS),
    ]
    assert load_reasons().for_effects(effects) == (
        "D2_DATA_UNUSABLE", "L2_EQA_FAILED", "N2_RAPIDLY_CHANGING", "N1_CONDITION_CHANGED",
        "N3_CRITICAL_DECISION", "N4_EMERGENCY", "N5_LEGAL_APPRAISAL", "N6_OTHER_NECESSARY",
    )  # fmt: skip


def test_local_reasons_of_the_policy_come_last() -> None:
    local = ["L4_PHYSICIAN_JUDGEMENT", "N1_CONDITION_CHANGED"]
    assert load_reasons().for_effects([], local) == (*NATIONAL, "L4_PHYSICIAN_JUDGEMENT")


def test_a_rule_without_a_reason_suggests_none() -> None:
    assert load_reasons().for_effects([("R-103", Effect.REFUSE)]) == NATIONAL


def test_only_other_and_judgement_need_a_sentence() -> None:
    needing = {key for key, reason in load_reasons().by_key.items() if reason.needs_text}
    assert needing == {"N6_OTHER_NECESSARY", "L4_PHYSICIAN_JUDGEMENT"}
    assert len(load_reasons().by_key) == 18


def test_a_suggestion_of_no_reason_is_refused() -> None:
    data = deepcopy(read_yaml("rulebook", "reasons.yaml"))
    data["suggested"]["R-401"] = ["L9_NONE"]
    with pytest.raises(RulebookInvalid, match="L9_NONE"):
        build_reasons(data, "reasons.yaml")


def test_every_reason_has_words_for_the_patient_in_both_languages() -> None:
    for reason in load_reasons().by_key.values():
        assert reason.patient.zh.endswith("。")
        assert reason.patient.en.endswith(".")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in reason.patient.zh)
        assert reason.patient.en.isascii()
