"""What the words of results, specimens and methods mean.

The words of results and specimens are data in schemas/terminology; those of methods stand in each
item's catalogue file. Source: recognition rules made precise, sections 8.2 and 8.3. A result or a
specimen is compared after NFKC and case folding, and as a whole: "阴性" is a class, "阴性 (见图)"
is words. A method is read by the words it contains.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from hie.schemas import read_yaml

REACTIVE, NON_REACTIVE, INDETERMINATE = "reactive", "non-reactive", "indeterminate"
INTERPRETATION = {REACTIVE: "POS", NON_REACTIVE: "NEG", INDETERMINATE: "IND"}
CLASS_OF_INTERPRETATION = {code: name for name, code in INTERPRETATION.items()}


def result_class(text: str | None) -> str | None:
    """reactive, non-reactive or indeterminate, if the whole text says so; "-" says nothing."""
    return _result_classes().get(_without_spaces(text)) if text else None


def specimen_class(*texts: str | None) -> str | None:
    """The specimen class of the first text that is understood (code, then words); None: none is."""
    for text in texts:
        found = _specimen_classes().get(_trimmed(text)) if text else None
        if found is not None:
            return found
    return None


def method_groups(text: str, words: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The groups whose words a method text contains; one is an answer, several are none.

    `words` are each group's. The longest word is looked for first, and each stretch of text is
    read once: 不含磷酸吡哆醛 is not also 含磷酸吡哆醛.
    """
    pairs = [(_trimmed(word), group) for group, own in words.items() for word in own]
    rest = _trimmed(text)
    found: set[str] = set()
    for word, group in sorted(pairs, key=lambda pair: -len(pair[0])):
        if word and word in rest:
            found.add(group)
            rest = rest.replace(word, "\n")
    return frozenset(found)


@cache
def _result_classes() -> Mapping[str, str]:
    table = read_yaml("terminology", "result-classes.yaml")
    return {_without_spaces(word): name for name, words in table.items() for word in words}


@cache
def _specimen_classes() -> Mapping[str, str]:
    table = read_yaml("terminology", "specimen-classes.yaml")
    return {_trimmed(word): name for name, words in table.items() for word in words}


def _trimmed(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _without_spaces(text: str) -> str:
    return "".join(_trimmed(text).split())
