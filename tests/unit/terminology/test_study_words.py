"""What texts of studies, procedures and orders say, and what they only seem to say."""

import pytest

from hie.terminology.study_words import (
    join_contrast,
    ordered_protocols,
    read_contrast,
    read_protocols,
    tracer_words,
)


@pytest.mark.parametrize(
    ("text", "contrast"),
    [
        ("胸部CT平扫", "none"), ("胸部CT增强", "enhanced"), ("胸部CT平扫+增强", "both"),
        ("CT chest with contrast", "enhanced"), ("CT chest without contrast", "none"),
        ("CT chest W/O contrast", "none"), ("CT head W WO CONTRAST", "both"),
        ("with and without contrast", "both"), ("non-contrast", "none"), ("Noncontrast", "none"),
        ("unenhanced", "none"), ("non-enhanced", "none"), ("contrast-enhanced", "enhanced"),
        ("未增强", "none"), ("非增强扫描", "none"), ("C+", "enhanced"), ("头C-", "none"),
        ("head C-/C+", "both"), ("T1 C+ FS", "enhanced"), ("plain scan", "none"),
        ("C-SPINE", None), ("explain", None), ("胸部CT", None), ("", None), ("vitamin c", None),
        ("ＣＴ　ＰＬＡＩＮ", "none"),
    ],
)  # fmt: skip
def test_contrast_is_what_the_words_say(text: str, contrast: str | None) -> None:
    assert read_contrast([text]) == contrast


def test_two_texts_that_differ_say_both() -> None:
    assert read_contrast(["平扫", "C+"]) == "both"
    assert read_contrast([]) is None
    assert join_contrast("none", "enhanced") == "both"
    assert join_contrast(None, "none") == "none"
    assert join_contrast("both", "none") == "both"


@pytest.mark.parametrize(
    ("text", "protocols"),
    [
        ("胸部低剂量CT筛查", "low-dose screening"), ("Low Dose Chest", "low-dose"),
        ("胸部LDCT", "low-dose"), ("冠脉CTA", "angiography"), ("头颅MRA", "angiography"),
        ("CT angiography", "angiography"), ("血管成像", "angiography"), ("床旁胸片", "portable"),
        ("PORTABLE CHEST", "portable"), ("脑灌注", "perfusion"), ("CT Perfusion", "perfusion"),
        ("actas", ""), ("胸部CT", ""), ("portability", ""), ("DATAMRAY", ""),
    ],
)  # fmt: skip
def test_protocols_are_named_in_texts(text: str, protocols: str) -> None:
    assert read_protocols([text]) == frozenset(protocols.split())


def test_an_order_asks_for_a_protocol_by_any_name() -> None:
    assert ordered_protocols("CTA") == {"angiography"}
    assert ordered_protocols("low-dose screening") == {"low-dose", "screening"}
    assert ordered_protocols("Cardiac  Gating") == {"cardiac gating"}
    assert ordered_protocols("Routine") == ordered_protocols("常规") == frozenset()
    assert ordered_protocols(" ") == ordered_protocols(None) == frozenset()


@pytest.mark.parametrize(
    "text",
    ["18F-FDG", "F-18 FDG", "FDG F18", "fdg", "Fluorodeoxyglucose F^18^", "Fludeoxyglucose (18F)",
     "氟代脱氧葡萄糖", "18F－FDG"],
)  # fmt: skip
def test_one_tracer_has_many_spellings(text: str) -> None:
    assert tracer_words(text) == {"f18", "fdg"}


def test_tracers_that_differ_stay_different() -> None:
    assert tracer_words("99mTc-MDP") == tracer_words("Technetium Tc^99m^ MDP") == {"tc99m", "mdp"}
    assert tracer_words("68Ga-PSMA") != tracer_words("18F-PSMA")
    assert tracer_words("I-131") == {"i131"} != tracer_words("I-123")
    assert tracer_words("") == frozenset()
