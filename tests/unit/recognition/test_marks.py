"""What marks mean, whom they cover, and which one is shown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.marks import (
    Mark,
    MarkReading,
    MarkState,
    Width,
    covers,
    normalise,
    parse_mark,
    read_marks,
    shown_mark,
)
from hie.recognition.region import load_regions
from hie.recognition.register import InstitutionRow, MarkRow

SINCE = date(2022, 1, 1)
JJJ = {"11", "12", "13"}


def receiver(region: str, consortium: str = "", status: str = "active") -> InstitutionRow:
    return InstitutionRow(
        "121100004000000014", "示例医院", region, "3A", "", consortium, status, SINCE, None  # type: ignore[arg-type]
    )  # fmt: skip


def row(mark: str) -> MarkRow:
    return MarkRow("121100004000000014", "K", mark, SINCE, None)


def readings(
    *marks: str, kind: str = "laboratory", province: str = "11"
) -> tuple[MarkReading, ...]:
    return read_marks([row(mark) for mark in marks], kind, {"示例医联体"}, province)


@pytest.mark.parametrize(
    ("text", "width", "codes"),
    [
        ("全国HR", Width.NATIONAL, None),
        ("京津冀HR", Width.PROVINCES, JJJ),
        ("冀京津HR", Width.PROVINCES, JJJ),
        ("京津冀鲁HR", Width.PROVINCES, {*JJJ, "37"}),
        ("川渝HR", Width.PROVINCES, {"51", "50"}),
        ("成渝HR", Width.PROVINCES, {"51", "50"}),
        ("长三角HR", Width.PROVINCES, {"31", "32", "33", "34"}),
        ("川蜀HR", Width.PROVINCE, {"51"}),
        ("鄂HR", Width.PROVINCE, {"42"}),
        ("湖北HR", Width.PROVINCE, {"42"}),
        ("湖北省HR", Width.PROVINCE, {"42"}),
        ("吉林HR", Width.PROVINCE, {"22"}),
        ("吉林市HR", Width.PREFECTURE, {"2202"}),
        ("海南HR", Width.PROVINCE, {"46"}),
        ("海南州HR", Width.PREFECTURE, {"6325"}),
        ("武汉HR", Width.PREFECTURE, {"4201"}),
        ("湖北省武汉市HR", Width.PREFECTURE, {"4201"}),
        ("仙桃HR", Width.COUNTY, {"429004"}),
        ("北京市西城区HR", Width.COUNTY, {"110102"}),
        ("西城区HR", Width.COUNTY, {"110102"}),
    ],
)
def test_a_mark_means_a_range(text: str, width: Width, codes: set[str] | None) -> None:
    mark = parse_mark(text, "laboratory", ())
    assert mark is not None
    assert (mark.width, mark.display) == (width, text)
    assert mark.codes == (codes if codes is not None else load_regions().mainland)


@pytest.mark.parametrize(
    "text",
    ["", "HR", "全国", "火星HR", "河北市HR", "朝阳区HR", "港HR", "京港HR", "香港HR", "HR京津冀",
     "京津冀HR2", "-gx", "★★", "示例医联体"],
)  # fmt: skip
def test_other_texts_cannot_be_read(text: str) -> None:
    assert parse_mark(text, "laboratory", {"示例医联体"}) is None


@pytest.mark.parametrize("text", ["京津冀hr", "京津冀ＨＲ", " 京 津 冀 Hr ", "京津冀\u3000HR"])
def test_width_spaces_and_case_do_not_matter(text: str) -> None:
    mark = parse_mark(text, "laboratory", ())
    assert mark is not None
    assert mark.display == "京津冀HR"


def test_a_consortiums_exact_name_goes_before_any_region() -> None:
    mark = parse_mark("武汉HR", "laboratory", {"武汉"})
    assert mark == Mark(Width.CONSORTIUM, "武汉HR", consortium="武汉")


@pytest.mark.parametrize(
    ("text", "region", "covered"),
    [
        ("全国HR", "650102", True),
        ("全国HR", "810000", False),
        ("全国HR", "71", False),
        ("京津冀HR", "130102", True),
        ("京津冀HR", "370102", False),
        ("湖北HR", "420000", True),
        ("武汉HR", "420106", True),
        ("武汉HR", "420100", True),
        ("武汉HR", "420000", False),
        ("武汉HR", "42", False),
        ("武汉HR", "429004", False),
        ("北京市西城区HR", "110102", True),
        ("北京市西城区HR", "110101", False),
        ("北京市西城区HR", "110000", False),
        ("仙桃HR", "429004", True),
        ("仙桃HR", "429005", False),
        ("仙桃HR", "429000", False),
    ],
)
def test_a_mark_covers_what_lies_in_its_range(text: str, region: str, covered: bool) -> None:
    mark = parse_mark(text, "laboratory", ())
    assert mark is not None
    assert covers(mark, receiver(region)) is covered


def test_a_suspended_receiver_is_covered_all_the_same() -> None:
    mark = parse_mark("京津冀HR", "laboratory", ())
    assert mark is not None
    assert covers(mark, receiver("130102", status="suspended"))


def test_a_consortiums_mark_covers_its_members() -> None:
    mark = parse_mark("示例 医联体HR", "laboratory", {"示例医联体"})
    assert mark is not None
    assert covers(mark, receiver("110101", "示例医联体"))
    assert not covers(mark, receiver("110101", "另一医联体"))
    assert not covers(mark, receiver("110101"))


@pytest.mark.parametrize(
    ("sign", "kind", "province", "state", "display"),
    [
        ("★", "laboratory", "11", MarkState.LEGACY, "京津冀HR"),
        ("★", "laboratory", "42", MarkState.LEGACY, "鄂HR"),
        ("★", "laboratory", "44", MarkState.PROGRAMME_UNKNOWN, None),
        ("★", "laboratory", None, MarkState.PROGRAMME_UNKNOWN, None),
        ("-GX", "CT", "13", MarkState.LEGACY, "京津冀HR"),
        ("－ＧＸ", "XRAY", "12", MarkState.LEGACY, "京津冀HR"),
        ("-GX", "MRI", "42", MarkState.PROGRAMME_UNKNOWN, None),
    ],
)
def test_a_legacy_sign_is_its_programmes_mark(
    sign: str, kind: str, province: str | None, state: MarkState, display: str | None
) -> None:
    (reading,) = read_marks([row(sign)], kind, (), province)
    assert reading.state is state
    assert (reading.mark.display if reading.mark else None) == display
    if reading.mark:
        assert reading.mark.legacy


@pytest.mark.parametrize(("sign", "kind"), [("★", "CT"), ("-GX", "laboratory"), ("-GX", "US")])
def test_a_legacy_sign_on_another_kind_is_as_if_not_there(sign: str, kind: str) -> None:
    assert read_marks([row(sign)], kind, (), "11") == ()


@pytest.mark.parametrize(
    ("marks", "region", "shown"),
    [
        ((), "130102", None),
        (("京津冀HR", "全国HR"), "130102", "全国HR"),
        (("京津冀HR", "京津冀鲁HR"), "130102", "京津冀鲁HR"),
        (("京津冀鲁HR", "北京HR"), "110102", "京津冀鲁HR"),
        (("北京HR", "北京市西城区HR"), "110102", "北京HR"),
        (("北京市西城区HR", "武汉HR"), "110102", "北京市西城区HR"),
        (("武汉HR", "北京市西城区HR"), "370102", "武汉HR"),
        (("火星HR", "武汉HR"), "130102", "武汉HR"),
        (("火星hr",), "130102", "火星hr"),
        (("火星HR", "木星HR"), "130102", "木星HR"),
        (("川渝HR", "成渝HR"), "510104", "川渝HR"),
        (("★", "武汉HR"), "130102", "京津冀HR"),
        (("示例医联体HR", "武汉HR"), "130102", "武汉HR"),
    ],
)
def test_the_widest_covering_mark_is_shown(
    marks: tuple[str, ...], region: str, shown: str | None
) -> None:
    assert shown_mark(readings(*marks), receiver(region)) == shown
    assert shown_mark(readings(*reversed(marks)), receiver(region)) == shown


@given(st.text(max_size=30))
def test_any_text_is_read_or_not_without_an_error(text: str) -> None:
    mark = parse_mark(text, "laboratory", {"示例医联体"}, "11")
    assert mark is None or mark.display
    assert normalise(normalise(text)) == normalise(text)


@given(st.sampled_from(sorted(load_regions().by_code)))
def test_every_prefecture_and_county_with_its_province_can_be_read(code: str) -> None:
    regions = load_regions()
    region = regions.by_code[code]
    province = regions.by_code[code[:2]]
    if code[:2] not in regions.mainland or not region.name.endswith(tuple("市州盟区县旗")):
        return
    within = regions.by_code.get(code[:4], province)
    names = dict.fromkeys((province.name, within.name, region.name))
    mark = parse_mark("".join(names) + "HR", "laboratory", ())
    assert mark is not None
    assert mark.codes == {code}
