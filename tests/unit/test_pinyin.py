"""Readings of characters: the same as with every dictionary loaded, and without the large one."""

import json
import subprocess
import sys

from hie.pinyin import readings

_ALL = """
import json
from pypinyin import Style, pinyin
every = [chr(code) for code in (*range(0x3400, 0x9fff), *range(0x20000, 0x2a6d6, 7))]
print(json.dumps({c: pinyin(c, style=Style.NORMAL, heteronym=True)[0] for c in every}))
"""


def _ran(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - a process of our own, with nothing loaded yet
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )


def test_every_reading_is_that_of_the_whole_dictionary() -> None:
    told = _ran(_ALL)
    known = json.loads(told.stdout)
    assert {char: readings(char) for char in known} == known


def test_a_character_with_several_readings_has_them_all() -> None:
    assert {"dan", "shan", "chan"} <= set(readings("单"))
    assert readings("绿") == ["lv", "lu"]
    assert readings("a") == ["a"]


def test_the_dictionary_of_phrases_stays_on_the_disk() -> None:
    code = "import hie.identity.names, sys, os; print('pypinyin.phrases_dict' in sys.modules, [n for n in os.environ if n.startswith('PYPINYIN')])"
    told = _ran(code)
    assert told.stdout.strip() == "False []"
