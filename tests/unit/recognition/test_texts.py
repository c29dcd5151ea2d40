"""Every rule can be told, in both languages, whatever facts are missing."""

from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import RulebookInvalid
from hie.recognition.rulebook import Kind, load_rulebook
from hie.recognition.texts import (
    Language,
    State,
    build_texts,
    load_texts,
    region_name,
)
from hie.schemas import read_yaml, yaml_files

RULES = sorted(load_rulebook().rules)
text = load_texts().text
LANGUAGES: tuple[Language, ...] = get_args(Language)
FACTS: tuple[str, ...] = (
    "age_days", "limit_days", "collected", "received", "issued", "status", "report_status",
    "reviewer", "institution", "institution_name", "institution_status", "mark", "marks",
    "receiver_region", "level_source", "level_receiver", "consortium", "scheme", "round", "score",
    "cv_percent", "max_cv_percent", "month", "control", "item", "code", "mapping", "value",
    "leading", "fraction", "conflicts", "identity", "instances_expected", "instances_received",
    "images", "parts_ordered", "parts", "side_ordered", "side", "contrast_ordered", "contrast",
    "protocols_ordered", "protocols", "protocols_missing", "protocols_limited", "completeness",
    "tracer_ordered", "tracer",
)  # fmt: skip
VALUES = st.one_of(
    st.none(), st.text(max_size=10), st.integers(), st.decimals(allow_nan=False), st.booleans(),
    st.dates(), st.lists(st.text(max_size=5), max_size=3),
)  # fmt: skip


def sentences() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, data in yaml_files("texts"):
        if name.startswith("texts/gate"):
            found |= deepcopy(data)
    return found


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_is_told_without_any_fact(rule: str, lang: Language) -> None:
    asked = load_rulebook().rules[rule]
    states = [State.FIRED, State.NOT_FIRED, *([State.UNKNOWN] if asked.unknown else [])]
    for state in states:
        said = text(rule, state, {}, lang)
        assert said
        assert "{" not in said
    assert len({text(rule, state, {}, lang) for state in states}) == len(states)


def test_a_rule_of_both_kinds_may_say_it_otherwise_of_images() -> None:
    data = {"age_days": 31, "limit_days": 30}
    said = [text("R-401", State.FIRED, data, "zh", kind=kind) for kind in Kind]
    assert said == ["采集距今 31 天，超过时限 30 天", "检查距今 31 天，超过时限 30 天"]
    voluntary = text("R-107", State.FIRED, {}, "en", "voluntary", Kind.IMAGING)
    assert "image-quality check is valid" in voluntary
    same = [text("R-103", State.FIRED, {"item": "CT"}, "en", kind=kind) for kind in Kind]
    assert same[0] == same[1]


def test_the_last_sentence_of_images_names_no_fact_either() -> None:
    broken = sentences()
    broken["R-401"]["imaging"]["fired"]["zh"] = ["{age_days}"]
    with pytest.raises(RulebookInvalid, match="R-401"):
        build_texts(broken, read_yaml("texts", "words.yaml"), load_rulebook())


@given(
    st.sampled_from(RULES),
    st.sampled_from(State),
    st.sampled_from(LANGUAGES),
    st.dictionaries(st.sampled_from(FACTS), VALUES),
    st.sampled_from([None, "voluntary", "other"]),
)
def test_no_fact_leaves_a_hole(
    rule: str, state: State, lang: Language, data: dict[str, Any], case: str | None
) -> None:
    said = text(rule, state, data, lang, case)
    if state is not State.UNKNOWN or load_rulebook().rules[rule].unknown:
        assert said
    assert "None" not in said or any("None" in str(value) for value in data.values())


@pytest.mark.parametrize(
    ("rule", "state", "data", "zh", "en"),
    [
        (
            "R-401", "fired", {"age_days": 8, "limit_days": 7},
            "采集距今 8 天，超过时限 7 天", "Collected 8 days ago, over the limit of 7",
        ),
        (
            "R-401", "not_fired", {"age_days": 3, "limit_days": 7},
            "采集 3 天 / 上限 7 天", "3 of 7 days",
        ),
        (
            "R-401", "not_fired", {"age_days": 0, "limit_days": 0},
            "采集 0 天 / 上限 0 天", "0 of 0 days",
        ),
        (
            "R-204", "fired",
            {"month": "2026-05", "cv_percent": Decimal("2.60"), "max_cv_percent": Decimal("2.5")},
            "2026-05 变异系数 2.60% 超过上限 2.5%", "CV of 2026-05 is 2.60 %, above 2.5 %",
        ),
        (
            "R-104", "fired", {"mark": "京津冀HR", "receiver_region": "130102"},
            "标识 京津冀HR 覆盖接收机构（河北省石家庄市长安区）",
            "京津冀HR covers the receiver (河北省石家庄市长安区)",
        ),
        (
            "R-002", "fired", {"conflicts": ["sex", "birth_date"]},
            "证件号一致，但性别、出生日期不一致，请先核对身份",
            "The identifier agrees, but sex, birth date differ; check the identity first",
        ),
        (
            "R-004", "fired", {"status": "preliminary"},
            "结果状态为“初步”，不是最终报告", "Result is preliminary: not final",
        ),
        (
            "R-007", "fired", {"institution_name": "示例医院", "institution_status": "suspended"},
            "示例医院的登记状态为“已暂停”", "示例医院 is suspended in the register",
        ),
    ],
)  # fmt: skip
def test_facts_are_said_as_a_clinician_reads_them(
    rule: str, state: str, data: dict[str, Any], zh: str, en: str
) -> None:
    assert text(rule, state, data, "zh") == zh
    assert text(rule, state, data, "en") == en


def test_a_fired_case_has_its_own_sentence() -> None:
    said = text("R-105", "fired", {"mark": "武汉HR"}, "en", "voluntary")
    assert said == "武汉HR does not reach the receiver; the physician may still use it"
    assert text("R-105", "fired", {"mark": "武汉HR"}, "en") != said
    assert text("R-105", "unknown", {"mark": "武汉HR"}, "en", "voluntary") != said


def test_a_case_of_what_is_not_known_has_its_own_sentence() -> None:
    said = text("R-305", "unknown", {}, "en", "no_limits")
    assert said == "The catalogue gives no plausible limits for the test: a clinician decides"
    assert text("R-305", "unknown", {}, "en") != said
    assert text("R-305", "not_fired", {}, "en", "no_limits") != said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-06-12T00:10:00Z", "2026-06-12 08:10"),
        ("2026-06-12T08:10:00+08:00", "2026-06-12 08:10"),
        (datetime(2026, 6, 12, 0, 10, tzinfo=UTC), "2026-06-12 08:10"),
        (date(2026, 6, 12), "2026-06-12"),
        ("2026-06-12", "2026-06-12"),
        ("2026-06-12T08:10", "2026-06-12T08:10"),
        ("2026-13-12T08:10:00Z", "2026-13-12T08:10:00Z"),
    ],
)
def test_times_are_said_in_shanghai(value: Any, said: str) -> None:
    assert load_texts().word("collected", value, "en") == said


def test_a_rule_that_nobody_asks_has_no_sentence() -> None:
    assert text("R-901", "fired", {}, "zh") == ""


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("110102", "北京市西城区"),
        ("420100", "湖北省武汉市"),
        ("429004", "湖北省仙桃市"),
        ("99", "99"),
    ],
)
def test_a_region_is_named_with_what_it_lies_in(code: str, name: str) -> None:
    assert region_name(code) == name


def test_a_gap_in_the_sentences_is_found_when_loading() -> None:
    words, book = read_yaml("texts", "words.yaml"), load_rulebook()
    build_texts(sentences(), words, book)
    for rule, state in (("R-401", "unknown"), ("R-105", "cases"), ("R-104", "fired")):
        gap = sentences()
        del gap[rule][state]
        with pytest.raises(RulebookInvalid, match=rule):
            build_texts(gap, words, book)
    holed = sentences()
    holed["R-401"]["fired"]["zh"] = ["采集距今 {age_days} 天"]
    with pytest.raises(RulebookInvalid, match="R-401 fired zh"):
        build_texts(holed, words, book)
