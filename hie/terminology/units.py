"""Units as people write them, read for one item, and converted exactly.

Only the item's own list counts: `G/L` is giga for platelets and gram for haemoglobin. Numbers are
decimal; nothing is rounded but what is shown after a real conversion (half up).
Source: recognition rules made precise, section 8.4; UCUM.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cached_property

import msgspec

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_DIGITS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_ONE = Decimal(1)
_ZERO = Decimal(0)
_PRECISION = 100  # digits: more than any reported number and any factor have together
_LARGEST = 60  # a larger power of ten is shown as it is, not padded with zeros


@dataclass(frozen=True, slots=True)
class UnitOption:
    """A unit that is not the canonical one: canonical = reported x factor + offset, exactly.

    `ucum` is its UCUM code. `plain` is a text that means it only under the LOINC codes of
    `plain_under` (mg/dL of urea or of urea nitrogen).
    """

    text: str
    factor: Decimal
    offset: Decimal = _ZERO
    ucum: str = ""
    plain: str = ""
    plain_under: tuple[str, ...] = ()

    @property
    def reading(self) -> "UnitReading":
        """What a text that means this unit is read as."""
        return UnitReading(self.ucum or self.text, self.factor, self.offset, exact=False)


class UnitReading(msgspec.Struct, frozen=True):
    """What a unit text was read as; `exact` says the text already was the UCUM code."""

    ucum: str
    factor: Decimal
    offset: Decimal
    exact: bool

    @property
    def converts(self) -> bool:
        """Whether the number changes."""
        return self.factor != _ONE or self.offset != _ZERO


@dataclass(frozen=True)
class ItemUnits:
    """What units and codes an item is reported in; the part of the catalogue builders need."""

    key: str
    value_type: str  # quantity or coded
    ucum_unit: str
    alternatives: tuple[UnitOption, ...]
    spellings: Mapping[str, tuple[str, ...]]  # unit -> its other spellings
    decimals: int | None
    loinc_confirmed: tuple[str, ...]
    loinc_unconfirmed: tuple[str, ...]
    names: tuple[str, ...] = field(default=())  # name and aliases, for proposals

    @cached_property
    def _known(self) -> Mapping[str, UnitReading]:
        """Folded spelling -> what it is read as."""
        known: dict[str, UnitReading] = {}
        if self.ucum_unit:
            self._spell(known, self.ucum_unit, UnitReading(self.ucum_unit, _ONE, _ZERO, False))
        for one in self.alternatives:
            self._spell(known, one.text, one.reading)
        return known

    @cached_property
    def _plain(self) -> Mapping[str, Mapping[str, UnitReading]]:
        """LOINC code -> folded spellings that mean a unit under this code alone."""
        found: dict[str, dict[str, UnitReading]] = {}
        for one in self.alternatives:
            for loinc in one.plain_under:
                self._spell(found.setdefault(loinc, {}), one.plain, one.reading)
        return found

    @cached_property
    def _met(self) -> dict[str, UnitReading | None]:
        """Texts as reported -> their reading: analysers repeat a few dozen."""
        return {}

    def _spell(self, known: dict[str, UnitReading], text: str, reading: UnitReading) -> None:
        for spelling in (text, *self.spellings.get(text, ())):
            known.setdefault(folded(spelling), reading)


_MOST_TEXTS = 1000


def unit_shown(unit: str | None) -> str:
    """A UCUM code as people write it: 10*9/L is 10⁹/L, umol/L is µmol/L."""
    if not unit:
        return ""
    text = unit.replace("10*12", "10¹²").replace("10*9", "10⁹").replace("10*6", "10⁶")
    return "µ" + text[1:] if text.startswith(("umol", "ug/", "ukat")) else text


def folded(text: str) -> str:
    """A unit text with its dialects taken off: width, spaces, micro signs, powers of ten, case."""
    raised = []
    for place, mark in enumerate(text):
        if mark in _DIGITS and (place == 0 or text[place - 1] not in _DIGITS):
            raised.append("^")
        raised.append(mark)
    plain = unicodedata.normalize("NFKC", "".join(raised).translate(_SUPERSCRIPT))
    plain = "".join(plain.split()).replace("μ", "u").replace("µ", "u").casefold()
    if plain[:1] in {"x", "×", "*"} and plain[1:3] == "10":
        plain = plain[1:]
    for power in ("10**", "10^", "10e", "10*"):
        if plain.startswith(power) and plain[len(power) : len(power) + 1].isdigit():
            return "10*" + plain[len(power) :]
    return plain


def read_unit(text: str | None, item: ItemUnits, loinc: str | None = None) -> UnitReading | None:
    """What a reported unit means for this item; None: missing, or not one of the item's units.

    `loinc` is the code the result was reported under: some texts mean a unit under it alone.
    """
    if not text:
        return None
    met = item._met
    if text in met:
        found = met[text]
    else:
        found = item._known.get(folded(text))
        if found is not None and text == found.ucum:
            found = UnitReading(found.ucum, found.factor, found.offset, exact=True)
        if len(met) < _MOST_TEXTS:
            met[text] = found
    if found is None and loinc is not None and loinc in item._plain:
        return item._plain[loinc].get(folded(text))
    return found


def convert(value: Decimal, reading: UnitReading, decimals: int | None) -> Decimal:
    """The value in the canonical unit: as reported when nothing converts, else rounded half up."""
    if not reading.converts:
        return value
    exact = exactly(value, reading)
    if decimals is None or exact.adjusted() > _LARGEST:
        return exact
    with localcontext() as context:
        context.prec = _PRECISION
        return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def exactly(value: Decimal, reading: UnitReading) -> Decimal:
    """The converted value without rounding: what rules compare."""
    with localcontext() as context:
        context.prec = _PRECISION
        return value * reading.factor + reading.offset
