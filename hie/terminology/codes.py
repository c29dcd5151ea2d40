"""What the words of results and specimens mean; the tables are data in schemas/terminology.

Source: recognition rules made precise, sections 8.2 and 8.3. A text is compared after NFKC and
case folding, and as a whole: "阴性" is a class, "阴性 (见图)" is words.
"""

import unicodedata
from collections.abc import Mapping
from functools import cache

from hie.schemas import read_yaml

REACTIVE, NON_REACTIVE, INDETERMINATE = "reactive", "non-reactive", "indeterminate"
INTERPRETATION = {REACTIVE: "POS", NON_REACTIVE: "NEG", INDETERMINATE: "IND"}
CLASS_OF_INTERPRETATION = {code: name for name, code in INTERPRETATION.items()}


@cache
def _words(table: str) -> Mapping[str, str]:
    data = read_yaml("terminology", f"{table}.yaml")
    return {_bare(word): name for name, words in data.items() for word in words}


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def result_class(text: str | None) -> str | None:
    """reactive, non-reactive or indeterminate, if the whole text says so; "-" says nothing."""
    return _words("result-classes").get(_bare(text)) if text else None


def specimen_class(*texts: str | None) -> str | None:
    """The specimen class of the first text that is understood (code, then words); None: none is."""
    for text in texts:
        if text:
            found = _words("specimen-classes").get(_bare(text))
            if found is not None:
                return found
    return None
