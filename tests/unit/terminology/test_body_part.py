"""Body parts by any spelling: one code, several, or not understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.terminology.body_part import Parts, read_body_part, read_body_parts


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("CHEST", "CHEST"), ("chest", "CHEST"), ("ＣＨＥＳＴ", "CHEST"), (" Chest ", "CHEST"),
        ("THORAX", "CHEST"), ("LUNG", "CHEST"), ("胸部", "CHEST"), ("肺", "CHEST"),
        ("BRAIN", "HEAD"), ("头颅", "HEAD"), ("颅脑", "HEAD"), ("ABD", "ABDOMEN"),
        ("LUMBAR", "LSPINE"), ("LUMBARSPINE", "LSPINE"), ("Lumbar Spine", "LSPINE"),
        ("L_SPINE", "LSPINE"), ("腰椎", "LSPINE"), ("CERVICALSPINE", "CSPINE"),
        ("KNEE", "KNEE"), ("SKULL", "SKULL"), ("WHOLE BODY", "WHOLEBODY"), ("CHESTY", "CHESTY"),
        ("CHEST\\ABDOMEN", "CHEST ABDOMEN"), ("CHEST,ABDOMEN", "CHEST ABDOMEN"),
        ("胸部、腹部", "CHEST ABDOMEN"), ("CHESTABDOMEN", "CHEST ABDOMEN"),
        ("CHESTABDPELVIS", "CHEST ABDOMEN PELVIS"), ("HEADNECK", "HEAD NECK"),
        ("NECKCHESTABDPELV", "NECK CHEST ABDOMEN PELVIS"), ("TLSPINE", "TSPINE LSPINE"),
        ("胸腹部", "CHEST ABDOMEN"), ("CHEST\\CHEST", "CHEST"), ("head and neck", "HEAD NECK"),
        ("", ""), ("  ", ""), (",", ""),
    ],
)  # fmt: skip
def test_a_word_is_its_code(text: str, codes: str) -> None:
    assert read_body_part(text) == Parts(frozenset(codes.split()))


@pytest.mark.parametrize("text", ["左膝", "上腹部", "胸部CT平扫", "1234", "?", "Ж"])
def test_a_word_that_is_in_no_table_and_no_code_is_not_understood(text: str) -> None:
    assert read_body_part(text) == Parts(frozenset(), understood=False)


def test_what_is_understood_beside_what_is_not_still_counts() -> None:
    assert read_body_part("胸部,左膝") == Parts(frozenset({"CHEST"}), understood=False)
    assert read_body_parts(["CHEST", "左膝"]) == Parts(frozenset({"CHEST"}), understood=False)
    assert read_body_parts([]) == Parts()


@given(st.text(max_size=30))
def test_a_code_is_read_as_itself_again(text: str) -> None:
    for code in read_body_part(text).codes:
        assert read_body_part(code) == Parts(frozenset({code}))
