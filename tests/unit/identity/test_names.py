import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.identity.names import any_agree, names_agree


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张三", "张三"),
        ("张 三", "张三"),
        ("张\u3000三", "张三"),
        ("買買提·艾力", "买买提艾力"),
        ("买买提•艾力", "买买提·艾力"),
        ("John Smith", "JOHN SMITH"),
        ("Ｊｏｈｎ　Ｓｍｉｔｈ", "john-smith"),
        ("J. Smith", "J Smith"),
        ("陳麗華", "陈丽华"),
        ("葉國強", "叶国强"),
        ("范曉萱", "范晓萱"),
        # pinyin in either order
        ("张三", "ZHANG SAN"),
        ("张三", "San Zhang"),
        ("张晓明", "Zhang Xiao-Ming"),
        ("张晓明", "Xiaoming ZHANG"),
        ("欧阳娜娜", "Nana Ouyang"),
        ("陳麗華", "Chen Lihua"),
        ("Zhāng Sān", "张三"),
        ("陈西安", "Chen Xi'an"),
        ("张三", "ZHANG, SAN"),
        # every reading of a character
        ("单雄信", "Shan Xiongxin"),
        ("单雄信", "Dan Xiongxin"),
        ("曾国藩", "Zeng Guofan"),
        ("仇英", "QIU YING"),
        ("解小明", "Xie Xiaoming"),
        ("尉迟恭", "Yuchi Gong"),
        # ü as passports, forms and keyboards write it
        ("吕布", "LYU BU"),
        ("吕布", "LV BU"),
        ("吕布", "Lü Bu"),
        ("吕布", "Lǚ Bù"),
        ("吕布", "LU BU"),
    ],
)
def test_writing_makes_no_other_name(one: str, other: str) -> None:
    assert names_agree(one, other)
    assert names_agree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张三", "章三"),  # sounds the same
        ("李娜", "李娜娜"),
        ("张三", "三张"),
        ("张三", "Zhang Si"),
        ("张三", "Zhangsa"),
        ("张三", "Zhangsann"),
        ("张晓明", "Ming Zhang"),
        ("John Smith", "Smith John"),
        ("萧明", "肖明"),
        ("", ""),
        ("张三", ""),
        (" · ", "·"),
    ],
)
def test_another_name_is_another_name(one: str, other: str) -> None:
    assert not names_agree(one, other)
    assert not names_agree(other, one)


def test_one_of_several_names_is_enough() -> None:
    assert any_agree(["李四", "Zhang San"], ["张三"])
    assert not any_agree([], ["张三"])


def test_a_long_name_takes_no_long_time() -> None:
    assert not names_agree("单" * 100, "dan" * 99 + "x")
    assert not names_agree("单" * 5000, "dan" * 5000)


@given(st.text(max_size=30), st.text(max_size=30))
def test_agreement_has_no_direction_and_takes_any_text(one: str, other: str) -> None:
    assert names_agree(one, other) == names_agree(other, one)
