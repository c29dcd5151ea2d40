"""Bytes to text: every charset in use, every wrong declaration, never a silent guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.charset import codec, decode, has_lost_characters, mojibake, repair
from hie.errors import MalformedMessage

TEXT = "PID|1||P1||张三丰||1949|F\rOBX|1|NM|K^钾测定||4.1|μmol/L\r"


@pytest.mark.parametrize(
    "declared",
    [None, "UNICODE UTF-8", "utf-8", "UTF8", "GB 18030-2000", "GB18030", "GBK", "gb2312", "ASCII",
     "8859/1", "ISO IR6", "Klingon", ""],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030"])
def test_every_declaration_of_every_encoding_gives_the_text(
    encoding: str, declared: str | None
) -> None:
    found = decode(TEXT.encode(encoding), declared)
    assert found.text == TEXT
    assert found.charset == ("utf-8" if encoding == "utf-8" else "gb18030")


@pytest.mark.parametrize(
    ("encoding", "declared", "findings"),
    [
        ("utf-8", None, ()),
        ("utf-8", "UNICODE UTF-8", ()),
        ("gbk", "GBK", ()),
        ("gbk", "GB 18030-2000", ()),
        ("gbk", None, ("charset-undeclared",)),
        ("gbk", "UNICODE UTF-8", ("charset-declared-wrong",)),
        ("utf-8", "GBK", ("charset-declared-wrong",)),
        ("utf-8", "ASCII", ("charset-declared-wrong",)),
        ("gbk", "8859/1", ("charset-declared-wrong",)),
        ("gbk", "Klingon", ("charset-unknown",)),
    ],
)
def test_what_was_odd_is_told(
    encoding: str, declared: str | None, findings: tuple[str, ...]
) -> None:
    assert decode(TEXT.encode(encoding), declared).findings == findings


@pytest.mark.parametrize("name", ["张三", "李", "王小东", "钾", "阴性"])
@pytest.mark.parametrize("declared", [None, "GBK", "UNICODE UTF-8", "8859/1"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_one_short_word_is_enough(name: str, declared: str | None, encoding: str) -> None:
    assert decode(f"PID|{name}|x".encode(encoding), declared).text == f"PID|{name}|x"


@pytest.mark.parametrize("text", ["umol/L µ", "×10²", "37.5℃", "±", "γ-GT", "β", "Müller", "—"])
@pytest.mark.parametrize("declared", [None, "UNICODE UTF-8"])
def test_utf_8_with_few_signs_stays_utf_8(text: str, declared: str | None) -> None:
    found = decode(f"OBX|{text}|".encode(), declared)
    assert (found.text, found.charset) == (f"OBX|{text}|", "utf-8")


def test_gbk_that_is_valid_utf_8_by_accident_is_gbk() -> None:
    for word in ("一", "一般", "大", "岁"):
        content = f"NTE|1||{word}".encode("gbk")
        assert decode(content).text == f"NTE|1||{word}"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("gb18030", b"\x84\x31\x95\x33"),
    ],
)
def test_a_byte_order_mark_wins(encoding: str, mark: bytes) -> None:
    found = decode(mark + TEXT.encode(encoding), "ASCII")
    assert (found.text, found.findings) == (TEXT, ("bom",))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_seen(encoding: str) -> None:
    assert decode(TEXT.encode(encoding), "UNICODE UTF-16").text == TEXT


def test_latin_1_is_read_when_declared_and_plausible() -> None:
    assert decode("Müller, José".encode("latin-1"), "8859/1").text == "Müller, José"


def test_big5_is_read_only_when_the_profile_names_it() -> None:
    content = "檢驗報告 陳大文".encode("big5")
    assert decode(content, force="big5").text == "檢驗報告 陳大文"
    assert decode(content, "BIG5").text == "檢驗報告 陳大文"


def test_a_forced_charset_is_the_only_one() -> None:
    with pytest.raises(MalformedMessage) as refused:
        decode(TEXT.encode("gbk"), force="utf-8")
    assert refused.value.faults[0].code == "charset-undecodable"


@pytest.mark.parametrize(
    "content", [b"MSH|\xff\xff\xff|x|", b"MSH|\x80|\xff|abcdef", b"\xfe\xfe\xfe abcd"]
)
def test_bytes_that_are_text_in_no_charset_are_refused(content: bytes) -> None:
    with pytest.raises(MalformedMessage) as refused:
        decode(content)
    assert refused.value.faults[0].code == "charset-undecodable"


def test_a_fallback_is_tried_last() -> None:
    content = b"MSH|\xff\xfd|abcdef|"
    assert decode(content, fallback="8859/1").charset == "latin-1"


NAME, CODE = "PID|1||P1||张三", "OBX|1|NM|K^钾测定"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("first", ["gbk", "utf-8"])
def test_segments_in_different_charsets_are_each_read_in_their_own_and_told(
    first: str, end: str
) -> None:
    second = "utf-8" if first == "gbk" else "gbk"
    content = NAME.encode(first) + end.encode() + CODE.encode(second) + end.encode()
    found = decode(content)
    assert found.text == NAME + end + CODE + end
    assert "charset-mixed" in found.findings


def test_gbk_words_that_are_valid_utf_8_by_accident_are_seen_among_utf_8() -> None:
    content = "PID|1||P1||郑十".encode("gbk") + b"\r" + CODE.encode() + b"\r"
    found = decode(content)
    assert found.text == f"PID|1||P1||郑十\r{CODE}\r"
    assert "charset-mixed" in found.findings
    with pytest.raises(MalformedMessage):
        decode("PID|1||P1||郑十|".encode("gbk") + "北京市".encode() + b"\r")


def test_two_charsets_in_one_segment_are_refused_never_misread() -> None:
    content = NAME.encode("gbk") + b"|" + "北京市朝阳区".encode() + b"\r"
    with pytest.raises(MalformedMessage):
        decode(content)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_character_cut_at_the_end_is_told_and_left_out(encoding: str) -> None:
    found = decode((TEXT + "钾").encode(encoding)[:-1])
    assert found.text == TEXT
    assert "charset-truncated" in found.findings


def test_rare_characters_are_exact() -> None:
    for name in ("𠮷", "㐀", "龘", "䶮", "𬱖", "〇"):
        for encoding in ("gb18030", "utf-8"):
            assert (
                decode(f"PID|张{name}|李四王五".encode(encoding)).text == f"PID|张{name}|李四王五"
            )


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"\xa8\xbc", "ḿ"),
        (b"\xa8\xbf", "ǹ"),
        (b"\xa3\xa0", "\u3000"),
        (b"\xfe\x59", "\u9fb4"),
        (b"\xa6\xd9", "\ufe10"),
    ],
)
def test_private_use_code_points_of_the_2000_edition_become_modern(sent: bytes, text: str) -> None:
    found = decode("钾".encode("gbk") + sent, "GB18030")
    assert (found.text, found.findings) == (f"钾{text}", ())


def test_other_private_use_characters_are_told() -> None:
    assert "private-use" in decode("张\ue123".encode()).findings


def test_lost_characters_are_told() -> None:
    assert "replacement" in decode("张\ufffd".encode()).findings
    assert has_lost_characters("张??")
    assert has_lost_characters("?")
    assert not has_lost_characters("张三?")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("张三".encode().decode("gb18030"), "张三"),
        ("王小东".encode().decode("latin-1"), "王小东"),
        ("王小东".encode("gbk").decode("latin-1"), "王小东"),
        ("Íõ", "王"),
        ("鐜媈灏忎笢".replace("媈", "媈"), "王^小东"),
    ],
)
def test_mojibake_is_seen_and_can_be_put_right(wrong: str, right: str) -> None:
    assert mojibake(wrong) == right
    assert repair(f"PID|1||{wrong}|x") == f"PID|1||{right}|x"


@pytest.mark.parametrize(
    "text",
    [
        "张三",
        "钾测定",
        "白细胞计数",
        "Müller",
        "José Ñañez",
        "µmol/L",
        "×10⁹/L",
        "龘",
        "①",
        "ＡＢ",
        "山田太郎",
        "김철수",
        "",
    ],
)
def test_ordinary_text_is_no_mojibake(text: str) -> None:
    assert mojibake(text) is None
    assert repair(text) == text


@given(st.text("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华", min_size=1, max_size=40))
def test_common_names_are_never_taken_for_mojibake(text: str) -> None:
    assert mojibake(text) is None
    for encoding in ("utf-8", "gbk"):
        assert decode(f"PID|{text}|钾测定".encode(encoding)).text == f"PID|{text}|钾测定"


@given(
    st.binary(max_size=200), st.sampled_from([None, "GBK", "UNICODE UTF-8", "8859/1", "BIG5", "x"])
)
def test_any_bytes_are_text_or_refused_and_never_replaced(
    content: bytes, declared: str | None
) -> None:
    try:
        found = decode(content, declared)
    except MalformedMessage:
        return
    assert "\ufffd" not in found.text or "replacement" in found.findings


@pytest.mark.parametrize(
    "name", ["rot13", "unicode_escape", "idna", "punycode", "hex", "utf-7", "zlib"]
)
def test_python_s_other_codecs_are_not_reachable_by_name(name: str) -> None:
    assert codec(name) is None
    assert "charset-unknown" in decode(b"abc", name).findings


def test_an_encoded_surrogate_is_no_utf_8() -> None:
    # The first two bytes are a character of GBK, the third a half one; the others are no text.
    found = decode(b"\xed\xa0\x80")
    assert (found.charset, "charset-truncated" in found.findings) == ("gb18030", True)
    for content in (b"a\xed\xbf\xbf b", b"\xed\xa0\x80\xe4\xb8\xad"):
        with pytest.raises(MalformedMessage):
            decode(content)
