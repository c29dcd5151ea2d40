"""Words of specimens' states, time aspects and point of care, as laboratories write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.terminology.result_words import (
    Defect,
    is_point_of_care,
    read_defects,
    read_time_aspect,
)

SAID = [
    ("重度溶血", {"marked haemolysis"}),
    ("标本严重溶血，结果仅供参考", {"marked haemolysis"}),
    ("溶血（+++）", {"marked haemolysis"}),
    ("溶血＋＋＋", {"marked haemolysis"}),
    ("溶血++++", {"marked haemolysis"}),
    ("溶血3+", {"marked haemolysis"}),
    ("溶血：重度", {"marked haemolysis"}),
    ("极重度溶血", {"marked haemolysis"}),
    ("grossly hemolyzed", {"marked haemolysis"}),
    ("中度（++）溶血", {"moderate haemolysis"}),
    ("溶血++", {"moderate haemolysis"}),
    ("溶血程度：中度", {"moderate haemolysis"}),
    ("轻度溶血", {"slight haemolysis"}),
    ("溶血+", {"slight haemolysis"}),
    ("溶血", {"haemolysis"}),
    ("溶血严重影响结果", {"haemolysis"}),
    ("HEM", {"haemolysis"}),
    ("无菌标本溶血", {"haemolysis"}),
    ("轻度溶血，重度脂血", {"slight haemolysis", "marked lipaemia"}),
    ("轻度溶血重度脂血", {"slight haemolysis", "marked lipaemia"}),
    ("溶血+脂血++", {"slight haemolysis", "moderate lipaemia"}),
    ("脂血重度、溶血轻度", {"marked lipaemia", "slight haemolysis"}),
    ("无溶血，轻度脂血", {"slight lipaemia"}),
    ("无溶血 重度脂血", {"marked lipaemia"}),
    ("无脂血但重度溶血", {"marked haemolysis"}),
    ("乳糜", {"lipaemia"}),
    ("有凝块", {"clot"}),
    ("标本凝固", {"clot"}),
    ("标本量不足", {"insufficient"}),
    ("QS", {"insufficient"}),
    ("无溶血", set()),
    ("未见溶血、脂血", set()),
    ("无溶血及脂血", set()),
    ("无明显溶血", set()),
    ("溶血(-)", set()),
    ("溶血：无", set()),
    ("标本未凝固", set()),
    ("No hemolysis or lipemia", set()),
]


@pytest.mark.parametrize(("text", "defects"), SAID)
def test_defects_are_read_with_their_degree(text: str, defects: set[str]) -> None:
    found = read_defects([text])
    assert found is not None
    assert {" ".join(filter(None, (one.degree, one.kind))) for one in found} == defects


@pytest.mark.parametrize(
    "text", ["", "已复查", "溶血性贫血待查", "凝固酶阴性", "凝固时间延长", "合格"]
)
def test_words_about_something_else_say_nothing_of_the_specimen(text: str) -> None:
    assert read_defects([text]) is None


def test_a_defect_goes_before_a_denial_elsewhere_and_nothing_said_is_not_none() -> None:
    assert read_defects(["无溶血", "重度溶血"]) == {Defect("haemolysis", "marked")}
    assert read_defects(["已复查", "无溶血"]) == frozenset()
    assert read_defects([]) is None


@given(st.text("无未溶血脂重度轻+、，( )-:abc", max_size=40))
def test_any_text_is_read_the_same_twice(text: str) -> None:
    assert read_defects([text]) == read_defects([text, text])


@pytest.mark.parametrize(
    ("text", "aspect"),
    [
        ("空腹血糖", "fasting"),
        ("Fasting glucose", "fasting"),
        ("葡萄糖（餐后2h）", "post-load"),
        ("口服葡萄糖耐量试验", "post-load"),
        ("糖耐量试验2小时", "post-load"),
        ("OGTT 120min", "post-load"),
        ("随机血糖", "random"),
        ("非空腹", "random"),
        ("空腹及餐后2小时", "post-load"),
        ("random access analyser", None),
        ("葡萄糖", None),
    ],
)
def test_time_aspects_are_read_from_words(text: str, aspect: str | None) -> None:
    assert read_time_aspect([text]) == aspect


def test_the_first_text_that_states_a_time_aspect_counts() -> None:
    assert read_time_aspect([None, "", "葡萄糖", "空腹", "餐后"]) == "fasting"


@pytest.mark.parametrize(
    "text", ["POCT", "血糖仪poct法", "床旁检测", "床边", "干化学法", "Point of care"]
)
def test_point_of_care_is_read_from_words(text: str) -> None:
    assert is_point_of_care(text)


@pytest.mark.parametrize("text", ["己糖激酶法", "湿化学", "电化学发光", "spoct"])
def test_other_methods_are_no_point_of_care(text: str) -> None:
    assert not is_point_of_care(text)
