"""Section 8.4: unit texts, and what a reported number is in the canonical unit."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tests.conformance.second_opinion.items import ITEMS, is_quantity

_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
_SPELLINGS = {
    "U/L": ("IU/L", "[IU]/L"),
    "10*9/L": ("G/L",),
    "10*12/L": ("T/L",),
    "/uL": ("个/uL",),
    "mg/dL": ("mg%",),
}
# What UCUM writes for a text of the item list that is no UCUM code itself.
_UCUM = {"mEq/L": "meq/L", "K/uL": "10*3/uL", "M/uL": "10*6/uL", "IU/L": "U/L"}
_UREA = {"3091-6": "mg/dL{urea}", "3094-0": "mg/dL{BUN}"}


def plain(text: str) -> str:
    """A unit text as it is compared."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + "".join(_SUPER[c] for c in m[0]), text)
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"\s", "", text).replace("μ", "u")
    text = re.sub(r"^[×x](?=10)", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^10(?:\^|\*\*|E|\*)(?=\d)", "10*", text, flags=re.IGNORECASE)
    return text.casefold()


@dataclass(frozen=True)
class Unit:
    """What a unit text was read as: its UCUM code and the way to the canonical unit."""

    code: str
    factor: Decimal
    offset: Decimal

    @property
    def converts(self) -> bool:
        return self.factor != 1 or self.offset != 0


def read_unit(item: str | None, text: str | None, code: str | None) -> Unit | None:
    """The unit a text means for the item, None if it is missing or not of the item's list."""
    if item is None or not is_quantity(item) or not text:
        return None
    known = {ITEMS[item]["unit"]: ("1", "0"), **ITEMS[item]["alternatives"]}
    as_written = _UREA.get(code or "") if item == "UREA" else None
    for unit, (factor, offset) in known.items():
        spellings = (unit, *_SPELLINGS.get("mg/dL" if unit == as_written else unit, ()))
        spellings += ("mg/dL",) if unit == as_written else ()
        for spelling in spellings:
            if plain(spelling) == plain(text):
                return Unit(_UCUM.get(unit, unit), Decimal(factor), Decimal(offset))
    return None


def convert(value: Decimal, unit: Unit) -> Decimal:
    return value * unit.factor + unit.offset


def shown(item: str, value: Decimal, unit: Unit) -> str:
    """The reported digits, or rounded half up after a real conversion."""
    if not unit.converts:
        return str(value)
    places = Decimal(1).scaleb(-int(ITEMS[item]["decimals"]))
    return str(convert(value, unit).quantize(places, ROUND_HALF_UP))
