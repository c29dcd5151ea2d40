"""One laboratory item or imaging class as it stands on one day: plain, frozen values.

What no source gives is None or empty, and then is not recognisable; no medical value is made up.
`evidence` says for every dated value since when it holds, by which text, and how sure that is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Literal

from hie.terminology.units import ItemUnits, UnitOption


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a value is what it is."""

    since: date
    basis: str
    certainty: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A unit that is not the canonical one: canonical = reported x factor + offset, exactly.

    `plain` is a unit text that means this alternative only under the LOINC codes of `plain_under`
    (mg/dL of urea or of urea nitrogen); elsewhere it is not convertible.
    """

    unit: str
    factor: Decimal
    offset: Decimal = Decimal(0)
    ucum: str = ""
    plain: str = ""
    plain_under: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """An interval whose ends belong to it; None is open."""

    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReferenceInterval:
    """A reference interval in the canonical unit; ages are whole years, both ends included."""

    low: Decimal | None
    high: Decimal | None
    age_low: int
    age_high: int | None = None
    sex: Literal["male", "female"] | None = None


@dataclass(frozen=True, slots=True)
class MethodGroup:
    """Methods whose results may be compared (R-302); `words` as reports write them."""

    key: str
    words: tuple[str, ...]
    loinc: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """CNY for one billable item; items that share a `code` (the blood counts) are billed once."""

    amount: Decimal
    code: str
    basis: str


@dataclass(frozen=True, slots=True)
class AllowableError:
    """Allowable total error at the usual level, percent, and the full rule in words."""

    percent: Decimal | None
    rule: str


@dataclass(frozen=True)
class Item:
    """A laboratory test of the catalogue, with the values in force on one day."""

    key: str
    zh: str
    en: str
    abbr: str
    category: str  # as the shape of the file lists them: chemistry, haematology, ...
    value_type: Literal["quantity", "coded"]
    specimen: str | None  # a class of terminology/specimen-classes.yaml
    loinc_display: str
    loinc_confirmed: tuple[str, ...]
    loinc_unconfirmed: tuple[str, ...]
    time_aspects: Mapping[str, str]  # LOINC code -> fasting, post-load, random
    unit: str  # UCUM, "" for a coded item, and where no source gives one
    alternatives: tuple[Alternative, ...]
    unit_spellings: Mapping[str, tuple[str, ...]]
    methods: tuple[MethodGroup, ...]
    order_method: str | None
    methods_interchange: bool  # False: groups measure on different scales (R-302 refuses)
    needs_fasting: bool  # a post-load or random value is another measurement
    aliases: tuple[str, ...]
    turnaround_days: int | None
    decimals: int | None
    validity_days: int | None
    review_fraction: Decimal | None
    plausible: Limits | None
    guideline_cutoff: Limits | None
    defects: tuple[str, ...]
    marked_defects: tuple[str, ...]  # of these a marked one refuses
    max_cv_percent: Decimal | None
    bias_percent: Decimal | None
    cvi_percent: Decimal | None
    cvg_percent: Decimal | None
    rcv_percent: Decimal | None
    tea: AllowableError | None
    critical_low: Decimal | None
    critical_high: Decimal | None
    reference_intervals: tuple[ReferenceInterval, ...]
    price: Price | None
    sources: tuple[str, ...]
    evidence: Mapping[str, Evidence]  # by name of the field

    @property
    def kind(self) -> Literal["laboratory"]:
        """Which rules and time limits speak of it."""
        return "laboratory"

    @property
    def missing(self) -> tuple[str, ...]:
        """What a result of it needs to be recognised and no source gives.

        Without a unit R-303 refuses, without a specimen R-301; without plausible limits R-305
        asks a clinician.
        """
        quantity = self.value_type == "quantity"
        needed = {
            "specimen": self.specimen is None,
            "unit": quantity and not self.unit,
            "plausible": quantity and self.plausible is None,
        }
        return tuple(name for name, absent in needed.items() if absent)

    @property
    def names(self) -> tuple[str, ...]:
        """Names that propose it for a local code.

        None where specimen or unit are not known: a name alone (镁) may be that of another test.
        """
        if {"specimen", "unit"} & set(self.missing):
            return ()
        return (self.key, self.zh, self.en, self.abbr, *self.aliases)

    @cached_property
    def units(self) -> ItemUnits:
        """What `hie.terminology.units` needs to read and convert this item's units."""
        return ItemUnits(
            key=self.key,
            value_type=self.value_type,
            ucum_unit=self.unit,
            alternatives=tuple(
                UnitOption(a.unit, a.factor, a.offset, a.ucum, a.plain, a.plain_under)
                for a in self.alternatives
            ),
            spellings=self.unit_spellings,
            decimals=self.decimals,
            loinc_confirmed=self.loinc_confirmed,
            loinc_unconfirmed=self.loinc_unconfirmed,
            names=self.names[1:],
        )


@dataclass(frozen=True, slots=True)
class ImagingClass:
    """A class of imaging studies, with the values in force on one day."""

    key: str
    zh: str
    en: str
    modalities: tuple[str, ...]  # DICOM, as sent: DR stands for DX in many archives
    ionising: bool
    asks_contrast: bool  # plain and enhanced are different examinations
    review: Literal["always", "unless-tracer-agrees"] | None  # the class's own default
    turnaround_days: int
    validity_days: int | None
    price: Price | None
    sources: tuple[str, ...]
    evidence: Mapping[str, Evidence]

    @property
    def kind(self) -> Literal["imaging"]:
        """Which rules and time limits speak of it."""
        return "imaging"
