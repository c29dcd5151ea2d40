"""What a result may be worth, and what it is measured against."""

from typing import Literal

import msgspec

from hie.records.leaves import Coded


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """A number as text, digits kept ("5.10"), with a comparator when one was sent."""

    value: str
    comparator: Literal["<", "<=", ">=", ">"] | None = None


class Text(msgspec.Struct, frozen=True, gc=False):
    """A result in words."""

    text: str


class Ratio(msgspec.Struct, frozen=True, gc=False):
    """A titre or ratio, e.g. 1:128."""

    numerator: str
    denominator: str
    text: str
    comparator: Literal["<", "<=", ">=", ">"] | None = None


class Interval(msgspec.Struct, frozen=True, gc=False):
    """A result that is itself a range, e.g. 0.01-0.05."""

    low: str | None
    high: str | None
    text: str


class TimeValue(msgspec.Struct, frozen=True, gc=False):
    """A result that is a time ("2026-06-15", "08:30:00") or a period."""

    kind: Literal["dateTime", "time", "period"]
    start: str | None
    end: str | None = None


class Samples(msgspec.Struct, frozen=True, gc=False):
    """A result that is a row of samples: decimals separated by blanks, `E` where one is missing."""

    data: str
    dimensions: int  # channels; the samples of one moment stand together
    period: str  # milliseconds between two moments
    origin: str  # what a sample of zero stands for


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """Bytes or an address sent with the result; an address is never opened."""

    media: str
    path: str
    data: bytes | None = None
    url: str | None = None
    title: str | None = None


ResultValue = Quantity | Coded | Text | Ratio | Interval | TimeValue | Samples


class ReferenceRange(msgspec.Struct, frozen=True, gc=False):
    """A printed interval; `text` is always what was printed."""

    text: str
    path: str
    low: str | None = None
    high: str | None = None
    low_exclusive: bool = False  # ">3.5"
    high_exclusive: bool = False  # "<1.0"
    sex: Literal["male", "female"] | None = None
    age_low: int | None = None  # whole years, both ends included
    age_high: int | None = None
    pregnant: bool = False


class Interpretation(msgspec.Struct, frozen=True, gc=False):
    """A flag sent with the result, in codes of v3-ObservationInterpretation (H, L, HH, POS ...)."""

    code: str | None  # None: the sender's text is no known flag
    text: str
    path: str
