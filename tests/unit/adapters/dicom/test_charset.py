"""Texts are read in the charset they are in, whatever (0008,0005) says; never by guessing on."""

import pytest

from tests.unit.adapters.dicom.made import codes, instance, is_held, read, record

NAME = "王小东"
PLACE = "北京市第一医院放射科"
WORDS = "胸部CT平扫"
ESCAPE = b"\x1b$)A"

# how the bytes are made
UTF8, GBK = "utf-8", "gb18030"


def made(declared: str, encoding: str, **more: bytes) -> bytes:
    return instance(
        {
            0x00080005: ("CS", declared) if declared else None,
            0x00100010: ("PN", more.get("name", NAME.encode(encoding))),
            0x00080080: ("LO", PLACE.encode(encoding)),
            0x00081030: ("LO", WORDS.encode(encoding)),
        }
    )


@pytest.mark.parametrize("encoding", [UTF8, GBK])
@pytest.mark.parametrize(
    ("declared", "fits"),
    [
        ("ISO_IR 192", {UTF8}),
        ("GB18030", {GBK}),
        ("GBK", {GBK}),
        ("GB2312", {GBK}),
        ("UTF-8", {UTF8}),
        ("ISO_IR 58", {GBK}),
        ("ISO 2022 IR 58", {GBK}),
        ("\\ISO 2022 IR 58", {GBK}),
        ("ISO 2022 IR 6\\ISO 2022 IR 58", {GBK}),
        ("", set()),
        ("ISO_IR 6", set()),
        ("ISO_IR 100", set()),
        ("ISO_IR 13", set()),
        ("ISO_IR 101", set()),
        ("ISO_IR 192\\GB18030", {UTF8}),
        ("X-MAC", set()),
    ],
)
def test_every_declaration_with_every_encoding_gives_the_right_name(
    declared: str, fits: set[str], encoding: str
) -> None:
    content = made(declared, encoding)
    decoded = read(content)
    found = record(content)
    assert found.patient.names[0].text == NAME
    assert found.study.institution is not None
    assert found.study.institution.name == PLACE
    assert found.study.description is not None
    assert found.study.description.text == WORDS
    told = {c for c in codes(decoded) if c.startswith("charset")}
    assert bool(told) == (encoding not in fits), told
    assert not is_held(decoded)


def test_escapes_of_ir_58_leave_no_trace() -> None:
    escaped = ESCAPE + NAME.encode("gb2312")
    content = instance(
        {
            0x00080005: ("CS", "\\ISO 2022 IR 58"),
            0x00100010: (
                "PN",
                b"Wang^XiaoDong=" + ESCAPE + "王".encode("gb2312") + b"^" + ESCAPE
                + "小东".encode("gb2312") + b"=",
            ),
            0x00081030: ("LO", b"CT " + ESCAPE + "胸部".encode("gb2312")),
            0x00080080: ("LO", escaped),
        }
    )  # fmt: skip
    found = record(content)
    assert [n.text for n in found.patient.names] == [NAME, "XiaoDong Wang"]
    assert found.patient.names[0].family == "王"
    assert found.study.description is not None
    assert found.study.description.text == "CT 胸部"
    assert not {c for c in codes(read(content)) if c.startswith("charset")}


@pytest.mark.parametrize("declared", ["GB18030", "ISO_IR 192", "", "ISO_IR 100"])
def test_escapes_under_another_declaration_are_read_and_told(declared: str) -> None:
    content = instance(
        {
            0x00080005: ("CS", declared),
            0x00100010: ("PN", ESCAPE + NAME.encode("gb2312")),
        }
    )
    assert record(content).patient.names[0].text == NAME
    assert "charset-declared-wrong" in codes(read(content))


def test_rare_characters_of_four_bytes_are_exact() -> None:
    name = "𠮷𡈽㐱"
    content = made("GB18030", GBK, name=name.encode("gb18030"))
    assert record(content).patient.names[0].text == name


@pytest.mark.parametrize("name", ["蘚^小", "王乗", "昞昞", "盶=盶", "澹^刓"])
def test_delimiters_are_sought_after_decoding(name: str) -> None:
    """Second bytes of GBK characters may be those of backslash, caret and equals."""
    content = made("GB18030", GBK, name=name.encode("gbk"))
    whole = "".join(n.text for n in record(content).patient.names)
    wanted = name.replace("^", "").split("=")[-1]
    assert whole == wanted


def test_an_item_may_have_a_charset_of_its_own() -> None:
    content = instance(
        {
            0x00080005: ("CS", "ISO_IR 192"),
            0x00100010: ("PN", NAME.encode()),
            0x00400275: (
                "SQ",
                [
                    {
                        0x00080005: ("CS", "GB18030"),
                        0x00321060: ("LO", "增强扫描".encode("gb18030")),
                        0x00402016: ("LO", "医嘱7".encode("gb18030")),
                    }
                ],
            ),
        }
    )
    found = record(content)
    assert found.patient.names[0].text == NAME
    assert [p.text for p in found.study.procedures] == ["增强扫描"]
    assert [(o.type, o.value) for o in found.study.orders] == [("placer", "医嘱7")]
    assert not {c for c in codes(read(content)) if c.startswith("charset")}


def test_bytes_in_no_charset_hold_the_message_and_are_not_guessed() -> None:
    content = instance({0x00100010: ("PN", b"\xff\xfe\xff\xff\x80\x80")})
    decoded = read(content)
    assert "charset-undecodable" in codes(decoded)
    assert is_held(decoded)
    assert not decoded.records
    assert decoded.native_id == "1.2.3.4.5"


def test_a_value_cut_in_the_middle_of_a_character_is_told_and_the_rest_is_read() -> None:
    content = made("GB18030", GBK, name="欧阳小东".encode("gb18030")[:-1])
    decoded = read(content)
    assert "charset-truncated" in codes(decoded)
    assert record(content).patient.names[0].text.startswith("欧阳小")


def test_real_latin_and_other_scripts_are_left_alone() -> None:
    for declared, codec, name in (
        ("ISO_IR 100", "latin-1", "Buc^Jérôme"),
        ("ISO_IR 144", "iso8859_5", "Люксембург"),
        ("ISO_IR 101", "iso8859_2", "Wałęsa^Łucja"),
        ("ISO_IR 126", "iso8859_7", "Διονυσιος"),
        ("ISO_IR 13", "shift_jis", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    ):
        content = instance({0x00080005: ("CS", declared), 0x00100010: ("PN", name.encode(codec))})
        text = record(content).patient.names[0].text
        assert set(name.replace("^", "")) == set(text.replace(" ", "")), declared
        assert not {c for c in codes(read(content)) if c.startswith("charset")}, declared


def test_a_profile_may_force_a_charset() -> None:
    name = "陳大文"
    content = made("ISO_IR 192", UTF8, name=name.encode("big5"))
    big5 = instance({0x00080005: ("CS", ""), 0x00100010: ("PN", name.encode("big5"))})
    assert record(big5, charset={"force": "big5"}).patient.names[0].text == name
    assert content


def test_text_that_was_misread_before_sending_is_told_and_repaired_only_by_profile() -> None:
    broken = "王小东".encode().decode("gb18030", "ignore")
    content = instance({0x00080005: ("CS", "ISO_IR 192"), 0x00100010: ("PN", broken)})
    decoded = read(content)
    if "mojibake" in codes(decoded):
        assert record(content).patient.names[0].text == broken
    lost = instance({0x00080005: ("CS", "ISO_IR 192"), 0x00100010: ("PN", "??^??")})
    assert "characters-lost" in codes(read(lost))


def test_control_characters_go_and_in_a_number_they_hold() -> None:
    content = instance({0x00081030: ("LO", "CT\x07 chest")})
    found = record(content)
    assert found.study.description is not None
    assert found.study.description.text == "CT chest"
    assert "control-character" in codes(read(content))
    assert not is_held(read(content))
    assert is_held(read(instance({0x00100020: ("LO", "P\x071")})))
