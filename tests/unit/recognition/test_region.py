"""GB/T 2260: codes, names, and the names a mark may use."""

import pytest

from hie.recognition.region import load_regions


def test_the_mainland_is_31_provinces() -> None:
    regions = load_regions()
    assert len(regions.mainland) == 31
    assert not regions.mainland & {"71", "81", "82"}
    assert all(regions.knows_province(code) for code in ("110101", "71", "810000", "820000"))
    assert not regions.knows_province("990101")
    assert not regions.knows_province("")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("11", "北京市"),
        ("110000", "北京市"),
        ("130100", "石家庄市"),
        ("130102", "长安区"),
        ("429004", "仙桃市"),
        ("659011", "新星市"),
        ("4201", "武汉市"),
    ],
)
def test_a_code_has_its_official_name(code: str, name: str) -> None:
    found = load_regions().find(code)
    assert found is not None
    assert found.name == name


def test_a_code_that_is_none_is_not_found() -> None:
    assert load_regions().find("119999") is None
    assert load_regions().find("") is None


@pytest.mark.parametrize(
    ("letter", "province"),
    [
        ("京", "11"),
        ("川", "51"),
        ("蜀", "51"),
        ("黔", "52"),
        ("滇", "53"),
        ("秦", "61"),
        ("陇", "62"),
    ],
)
def test_an_abbreviation_means_a_province(letter: str, province: str) -> None:
    assert load_regions().by_abbreviation[letter] == province


def test_hong_kong_macao_and_taiwan_have_no_abbreviation_here() -> None:
    assert not {"港", "澳", "台"} & set(load_regions().by_abbreviation)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("北京", "11"),
        ("北京市", "11"),
        ("河北省", "13"),
        ("河北市", None),
        ("湖北省", "42"),
        ("广西", "45"),
        ("广西自治区", "45"),
        ("广西壮族自治区", "45"),
        ("广西省", None),
        ("西藏自治区", "54"),
        ("内蒙古自治区", "15"),
        ("北京自治区", None),
        ("吉林市", None),
        ("台湾省", None),
        ("香港", None),
    ],
)
def test_a_province_is_named_bare_or_with_its_own_ending(text: str, code: str | None) -> None:
    assert load_regions().province_named(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("武汉", "4201"),
        ("武汉市", "4201"),
        ("湖北武汉", "4201"),
        ("湖北省武汉市", "4201"),
        ("河北省武汉市", None),
        ("吉林市", "2202"),
        ("大兴安岭", "2327"),
        ("大兴安岭地区", "2327"),
        ("锡林郭勒盟", "1525"),
        ("恩施土家族苗族自治州", "4228"),
        ("恩施州", "4228"),
        ("恩施", "4228"),
        ("仙桃", "429004"),
        ("仙桃市", "429004"),
        ("湖北省仙桃市", "429004"),
        ("神农架林区", "429021"),
        ("西城区", None),
        ("湖北", None),
        ("", None),
    ],
)
def test_a_prefecture_is_named_with_or_without_ending_and_province(
    text: str, code: str | None
) -> None:
    assert load_regions().prefecture_named(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("西城区", "110102"),
        ("北京市西城区", "110102"),
        ("北京西城区", "110102"),
        ("朝阳区", None),
        ("北京朝阳区", "110105"),
        ("长春朝阳区", "220104"),
        ("吉林省长春市朝阳区", "220104"),
        ("桥西区", None),
        ("河北省桥西区", None),
        ("石家庄桥西区", "130104"),
        ("河北省石家庄市桥西区", "130104"),
        ("敖汉旗", "150430"),
        ("西城", None),
        ("天津市西城区", None),
        ("区", None),
    ],
)
def test_a_county_is_named_in_full_and_must_be_unique(text: str, code: str | None) -> None:
    assert load_regions().county_named(text) == code
