"""How one Chinese character is read, without tones: every reading, and no more than that is loaded.

Names are no phrases, so characters are looked up one by one; the dictionary of phrases, 50 MB of
memory in every process, stays on the disk.
"""

import os

_SPARED = ("PYPINYIN_NO_PHRASES", "PYPINYIN_NO_DICT_COPY")  # read once, when it is imported
_given = {name: os.environ.get(name) for name in _SPARED}
os.environ.update(dict.fromkeys(_SPARED, "1"))
try:
    from pypinyin import Style, pinyin
finally:
    for _name, _value in _given.items():
        if _value is None:
            del os.environ[_name]


def readings(char: str) -> list[str]:
    """The readings of a character, ü as v; what is no Chinese character reads as itself."""
    (found,) = pinyin(char, style=Style.NORMAL, heteronym=True)
    return list(found)
