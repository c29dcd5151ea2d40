"""The smallest things a message says: texts, codes, times, numbers, people; each with its path."""

from typing import Literal

import msgspec


class Val(msgspec.Struct, frozen=True, gc=False):
    """One text and where it stood."""

    text: str
    path: str


class Coded(msgspec.Struct, frozen=True, gc=False):
    """A coded element (HL7 CWE): local code first, an alternate coding if sent, original text."""

    code: str | None
    display: str | None
    system: str | None  # the sender's name of the coding system, e.g. "LN", "99LAB"
    path: str
    alt_code: str | None = None
    alt_display: str | None = None
    alt_system: str | None = None
    text: str | None = None


class Time(msgspec.Struct, frozen=True, gc=False):
    """A point in time as FHIR dateTime text: "2026", "2026-06-15", or with time and zone."""

    text: str
    precision: Literal["year", "month", "day", "hour", "minute", "second"]
    path: str
    zone_assumed: bool = False


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """A number given to somebody or something by somebody."""

    value: str
    type: str | None  # hub type (docs/order-check.md lists them: "resident-id", "passport",
    # "outpatient-no" ...) or the sender's code when it is none of them
    authority: str | None  # assigning authority as sent: OID, URI or local name; None = site
    path: str


class Name(msgspec.Struct, frozen=True, gc=False):
    """A human name as sent; `text` is the whole in reading order."""

    text: str
    path: str
    family: str | None = None
    given: str | None = None


class Staff(msgspec.Struct, frozen=True, gc=False):
    """A person who ordered, performed, verified or interpreted."""

    path: str
    id: str | None = None
    name: str | None = None
    department: Coded | None = None  # where they work, when the message says so


class Institution(msgspec.Struct, frozen=True, gc=False):
    """An organisation as the sender names it; `code` is a unified social credit code."""

    path: str
    code: str | None = None
    name: str | None = None
