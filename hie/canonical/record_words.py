"""The words of records and notices, zh and en: whole sentences with their data filled in.

`schemas/texts/record.yaml`. They are said in HL7 and FHIR files as well as on pages, so they stand
below both.
"""

from collections.abc import Mapping
from functools import cache
from typing import Literal, cast

from hie.schemas import read_yaml

Language = Literal["zh", "en"]


@cache
def record_texts() -> Mapping[str, Mapping[str, str]]:
    """The words by key; read once."""
    return cast("Mapping[str, Mapping[str, str]]", read_yaml("texts", "record.yaml"))


def word(key: str, lang: Language, **data: object) -> str:
    """A sentence with its data filled in; an unknown key is a programming error."""
    return record_texts()[key][lang].format(**data)
