"""What the hub says to people: catalogues of gettext, zh and en, whole sentences, never fragments.

A catalogue is a folder of `schemas/texts/` with a file for each language, so that a translator
needs no more than an editor of such files. A text that counts has the plural forms of its language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from typing import Literal, cast

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from hie.schemas import schema

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """A catalogue: the forms of each text by its key, and which form a number takes."""

    forms: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]

    def say(self, key: str, **data: object) -> str:
        """A sentence with its data filled in; `n` chooses the form of one that counts.

        An unknown key is a programming error.
        """
        forms = self.forms[key]
        form = forms[self.form_of(cast("int", data["n"]))] if len(forms) > 1 else forms[0]
        return form.format(**data)


@cache
def words_of(catalogue: str, lang: Language) -> Words:
    """One catalogue in one language; read once."""
    with schema("texts", catalogue, f"{lang}.po").open("rb") as file:
        found: Catalog = read_po(file, locale=lang, abort_invalid=True)
    forms = {}
    for one in found:
        if one.id:
            key = one.id if isinstance(one.id, str) else one.id[0]
            forms[key] = (one.string,) if isinstance(one.string, str) else tuple(one.string or ())
    return Words(forms, c2py(found.plural_expr))


def accepted(header: str, default: Language) -> Language:
    """The first of the two languages that an Accept-Language names (RFC 9110, 12.5.4)."""
    for part in header.lower().split(","):
        tag = part.split(";")[0].strip()
        for lang in LANGUAGES:
            if tag.startswith(lang):
                return lang
    return default
