"""What the texts of studies, series, procedures and orders say of contrast, protocol and tracer.

Words are found inside longer texts ("胸部CT平扫+增强"); a short Latin one only where it stands by
itself, so that C-SPINE is no plain study and EXPLAIN none either. What says
nothing is None, not no.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

Contrast = Literal["none", "enhanced", "both"]

# Chinese letters stand right beside Latin words, where no word boundary of `re` is
_START, _END = r"(?<![a-z0-9])", r"(?![a-z0-9])"
# what denies contrast is taken out before what states it is looked for
_PLAIN = re.compile(
    rf"平扫|[非未不无]增强|{_START}plain{_END}|(?:non|un|pre)[- ]?(?:contrast|enhanced)|"
    rf"{_START}(?:without|w/?o) (?:iv |i\.v\. )?contrast|{_START}c-{_END}"
)
_ENHANCED = re.compile(rf"增强|enhanced|{_START}(?:with|w/?) ?(?:iv |i\.v\. )?contrast|{_START}c\+")
_WITH_AND_WITHOUT = re.compile(
    rf"{_START}(?:with(?:out)?(?: and | or |/| & )with(?:out)?|w/? ?(?:and|&|\+|/)? ?w/?o|"
    rf"w/?o ?(?:and|&|\+|/)? ?w/?) (?:iv |i\.v\. )?contrast"
)
_PROTOCOLS = {
    "low-dose": re.compile(rf"低剂量|low[- ]?dose|{_START}ldct{_END}"),
    "screening": re.compile(rf"筛查|{_START}screening{_END}"),
    "portable": re.compile(rf"床[旁边]|{_START}portable{_END}"),
    "angiography": re.compile(rf"血管成像|{_START}(?:ct|mr)a{_END}|{_START}(?:ct|mr)?[- ]?angio"),
    "perfusion": re.compile(rf"灌注|{_START}perfusion{_END}"),
}
_ORDINARY = frozenset({"routine", "standard", "常规", "普通"})
_ISOTOPE = re.compile(r"(?<![a-z])([a-z]{1,2})[-\s^(]*(\d{1,3}m?)(?![0-9a-z])")
_ISOTOPE_FIRST = re.compile(r"(?<![0-9a-z])(\d{1,3}m?)[-\s^(]*([a-z]{1,2})(?![a-z])")
_MARKED = re.compile(r"[a-z]{1,2}\d{1,3}m?")
_NAMES = (
    (re.compile(r"fluoro?deoxyglucose|fludeoxyglucose|氟?代?脱氧葡萄糖"), " fdg "),
    (re.compile(r"technetium|锝"), "tc"),
    (re.compile(r"fluorine|氟"), "f"),
    (re.compile(r"gallium|镓"), "ga"),
    (re.compile(r"iodine|碘"), "i"),
)
_WORD = re.compile(r"[^\W_]+")


def read_contrast(texts: Iterable[str]) -> Contrast | None:
    """Whether the texts tell of a medium; None when they say nothing of it."""
    plain = enhanced = False
    for text in map(_folded, texts):
        rest, both = _WITH_AND_WITHOUT.subn(" ", text)
        rest, denied = _PLAIN.subn(" ", rest)
        plain = plain or bool(both or denied)
        enhanced = enhanced or bool(both or _ENHANCED.search(rest))
    return join_contrast("none" if plain else None, "enhanced" if enhanced else None)


def join_contrast(one: Contrast | None, other: Contrast | None) -> Contrast | None:
    """What two sources say together: plain here and enhanced there is both."""
    if one is None or other is None or one == other:
        return one or other
    return "both"


def read_protocols(texts: Iterable[str]) -> frozenset[str]:
    """The special protocols the texts name."""
    said = [_folded(text) for text in texts]
    return frozenset(
        name for name, word in _PROTOCOLS.items() if any(word.search(text) for text in said)
    )


def ordered_protocols(text: str | None) -> frozenset[str]:
    """The protocols an order asks for; one that is none of the known is asked for by its name.

    An ordinary examination is no special protocol.
    """
    said = _folded(text or "").strip()
    if not said or said in _ORDINARY:
        return frozenset()
    return read_protocols((said,)) or frozenset((said,))


@lru_cache(maxsize=1024)
def tracer_words(text: str) -> frozenset[str]:
    """A tracer's words in any order and spelling: 18F-FDG, F-18 FDG, fluorodeoxyglucose F^18^."""
    said = _folded(text)
    for name, short in _NAMES:
        said = name.sub(short, said)
    said = _ISOTOPE.sub(r" \1\2 ", said.replace("^", " "))
    words = set(_WORD.findall(_ISOTOPE_FIRST.sub(r" \2\1 ", said)))
    if "fdg" in words:  # there is no other
        words.add("f18")
    elements = {word.rstrip("m").rstrip("0123456789") for word in words if _MARKED.fullmatch(word)}
    return frozenset(words - elements)


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold())
