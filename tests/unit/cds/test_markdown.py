"""What data says in a card stays words, however its reader makes pages of Markdown."""

import pytest

from hie.cds.markdown import escaped, plain


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("示例县医院", "示例县医院"),
        ("4.1 mmol/L (−3)", "4.1 mmol/L (−3)"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("**now**", r"\*\*now\*\*"),
        ("[a](javascript:x)", r"\[a\](javascript:x)"),
        ("![i](http://x.example/)", r"!\[i\](http:\//x.example/)"),
        ("see https://x.example", r"see https:\//x.example"),
        ("www.x.example", r"www\.x.example"),
        ("a@x.example", r"a\@x.example"),
        ("`code` ~~gone~~ a|b", r"\`code\` \~\~gone\~\~ a\|b"),
        ("5 &lt; 6", "5 &amp;lt; 6"),
        ("back\\slash", "back\\\\slash"),
        ("one\n\n# two", "one # two"),
    ],
)
def test_no_text_becomes_markup(text: str, written: str) -> None:
    assert escaped(text) == written


def test_a_summary_has_no_line_ends_and_nothing_that_turns_writing() -> None:
    assert plain(" a\tb\r\nc\u202ed\u200b ") == "a b c d"
