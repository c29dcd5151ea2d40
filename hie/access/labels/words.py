"""Words in texts: Chinese ones inside longer texts, Latin ones as whole words.

A word as a table writes it: `hiv*` may go on, `*-hcg` may be begun by something else, `=AIDS` minds
capitals ("hearing aids" names nothing). Texts are compared after NFKC, without invisible
characters, without blanks between Chinese characters, in small letters.
"""

import re
import unicodedata
from collections.abc import Iterable

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))
# A printer that looks a glyph up by its number may write a radical for the hanzi that looks alike;
# NFKC knows the Kangxi radicals only (Unicode, EquivalentUnifiedIdeograph.txt).
_RADICALS = str.maketrans(
    "⺁⺇⺈⺊⺌⺎⺒⺓⺗⺝⺟⺠⺧⺪⺬⺮⺶⻁⻄⻅⻆⻉⻊⻋⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰⻱⻳",
    "厂几刀卜小兀巳幺心月母民牛疋示竹羊虎西见角贝足车長长门雨青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙龜龟",
)
_ALIKE = _DASHES | _RADICALS
_BLANKS = re.compile(r"\s+")
_INSIDE = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def plain(text: str) -> str:
    """The text as words are looked for in it, capitals kept."""
    if text.isascii():
        return _BLANKS.sub(" ", text)
    found = _UNSEEN.sub("", unicodedata.normalize("NFKC", text).translate(_ALIKE))
    return _INSIDE.sub("", _BLANKS.sub(" ", found))


def finder(words: Iterable[str]) -> re.Pattern[str] | None:
    """What finds any of these words in a text of small letters; None for no words."""
    return _compiled(one for one in words if not one.startswith("="))


def exact_finder(words: Iterable[str]) -> re.Pattern[str] | None:
    """What finds those words that mind capitals."""
    return _compiled((one[1:] for one in words if one.startswith("=")), keeps=True)


def _compiled(words: Iterable[str], *, keeps: bool = False) -> re.Pattern[str] | None:
    """One pattern, its words by their first letter: what begins with no such letter is skipped."""
    rests: dict[tuple[str, bool], set[str]] = {}
    for one in words:
        word = plain(one) if keeps else plain(one).casefold()
        bare, is_latin = word.strip("*"), word.isascii()
        end = _END if is_latin and not word.endswith("*") else ""
        begins = is_latin and not word.startswith("*")
        rests.setdefault((bare[0], begins), set()).add(re.escape(bare[1:]) + end)
    parts = []
    for (first, begins), found in sorted(rests.items()):
        letter = re.escape(first)
        before = f"(?<![A-Za-z0-9]{letter})" if begins else ""
        parts.append(f"{letter}{before}(?:{'|'.join(sorted(found))})")
    return re.compile("|".join(parts)) if parts else None


_END = r"(?![A-Za-z0-9])"
