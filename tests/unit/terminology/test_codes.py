"""Words of results, specimens and methods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.catalogue import load_catalogue
from hie.terminology.codes import (
    CLASS_OF_INTERPRETATION,
    method_groups,
    result_class,
    specimen_class,
)


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ("阳性 阳性(+) 阳性（＋） (+) + ＋ 1+ 2+ 3+ ++ +++ positive Positive POS reactive", "reactive"),
        ("阴性 阴性(-) 阴性（-） (-) negative NEG non-reactive Nonreactive 未检出", "non-reactive"),
        ("弱阳性 可疑 ± +- 灰区 不确定 indeterminate Equivocal BORDERLINE IND", "indeterminate"),
    ],
)  # fmt: skip
def test_a_whole_text_says_a_class(texts: str, name: str) -> None:
    assert {result_class(text) for text in texts.split()} == {name}
    assert {result_class(f" {text[0]} {text[1:]} ") for text in texts.split()} == {name}


@pytest.mark.parametrize(
    "text", ["", "-", "--", "阴", "阴性,见图", "未见阳性", "weak", "0.01", "1:80", "4+", "no", None]
)
def test_any_other_text_says_none(text: str | None) -> None:
    assert result_class(text) is None


def test_two_words_with_a_space_are_one_class() -> None:
    assert result_class("Weakly  Reactive") == "indeterminate"


def test_every_class_has_a_flag() -> None:
    assert CLASS_OF_INTERPRETATION == {
        "POS": "reactive",
        "NEG": "non-reactive",
        "IND": "indeterminate",
    }


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["血清", "血浆", "血清/血浆", "Serum", "PLASMA", "SER", "PLAS", "SERPLAS", " 血清 "], "serum-plasma"),
        (["全血", "EDTA抗凝全血", "Whole Blood", "WB", "BLD"], "whole-blood"),
        (["静脉血", "venous blood", "BLDV"], "venous-blood"),
        (["末梢血", "指血", "capillary", "BLDC", "CAPBLD"], "capillary-blood"),
        (["动脉血", "arterial", "BLDA"], "arterial-blood"),
        (["尿", "尿液", "urine", "UR"], "urine"),
        (["脑脊液", "csf"], "csf"),
    ],
)  # fmt: skip
def test_a_specimen_is_read_whole(texts: list[str], name: str) -> None:
    assert {specimen_class(text) for text in texts} == {name}


@pytest.mark.parametrize("text", ["血", "血 清", "血清(溶血)", "wholeblood", "SERUM SPOT", ""])
def test_another_specimen_is_not_understood(text: str) -> None:
    assert specimen_class(text) is None


def test_of_code_and_text_the_first_that_is_understood_counts() -> None:
    assert specimen_class("2", "尿液") == "urine"
    assert specimen_class("SER", "尿液") == "serum-plasma"
    assert specimen_class(None, None) is None


def _words(key: str) -> dict[str, tuple[str, ...]]:
    return {group.key: group.words for group in load_catalogue().items[key].methods}


@pytest.mark.parametrize(
    ("item", "text", "groups"),
    [
        ("LDH", "乳酸底物法", {"lactate-to-pyruvate"}),
        ("LDH", "速率法(L→P)", {"lactate-to-pyruvate"}),
        ("LDH", "LDH P-L 法", {"pyruvate-to-lactate"}),
        ("LDH", "L-P 与 P-L", {"lactate-to-pyruvate", "pyruvate-to-lactate"}),
        ("ALT", "速率法 不含磷酸吡哆醛", {"without-p5p"}),
        ("ALT", "含磷酸吡哆醛", {"with-p5p"}),
        ("ALT", "without P5P", {"without-p5p"}),
        ("CRE", "肌氨酸氧化酶法", {"enzymatic"}),
        ("CRE", "JAFFE", {"jaffe"}),
        ("CRE", "离子选择电极法", set()),
        ("HBSAG", "胶体金法", {"rapid"}),
        ("HBSAG", "ＣＭＩＡ", {"immunoassay"}),
        ("K", "离子选择电极法", set()),
    ],
)
def test_a_method_is_read_by_the_words_it_contains(item: str, text: str, groups: set[str]) -> None:
    assert method_groups(text, _words(item)) == groups


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    result_class(text)
    specimen_class(text)
    method_groups(text, _words("ALT"))
