"""The column types and the common columns of the tables.

Text compares by code point on both databases (PostgreSQL: collation "C"), so that order, paging
and keys are the same everywhere. Times are microseconds since 1970 in UTC; days are ISO text.
"""

from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import TEXT
from sqlmodel import Field, SQLModel

TEXT_C: Any = Text().with_variant(TEXT(collation="C"), "postgresql")
MICROSECONDS: Any = BigInteger
NUMBER: Any = SmallInteger
BYTES: Any = LargeBinary


def text(**options: Any) -> Any:
    """A text that must be there."""
    return Field(sa_type=TEXT_C, **options)


def maybe(**options: Any) -> Any:
    """A text that may be missing."""
    return Field(default=None, sa_type=TEXT_C, nullable=True, **options)


def instant(**options: Any) -> Any:
    """A time in microseconds that must be there."""
    return Field(sa_type=MICROSECONDS, **options)


def maybe_instant(**options: Any) -> Any:
    """A time in microseconds that may be missing."""
    return Field(default=None, sa_type=MICROSECONDS, nullable=True, **options)


def number(**options: Any) -> Any:
    """A small number that must be there."""
    return Field(sa_type=NUMBER, **options)


def count(**options: Any) -> Any:
    """A number that must be there."""
    return Field(sa_type=Integer, **options)


def maybe_count(**options: Any) -> Any:
    """A number that may be missing."""
    return Field(default=None, sa_type=Integer, nullable=True, **options)


def data(**options: Any) -> Any:
    """Bytes that must be there."""
    return Field(sa_type=BYTES, **options)


def maybe_data(**options: Any) -> Any:
    """Bytes that may be missing."""
    return Field(default=None, sa_type=BYTES, nullable=True, **options)


class ResourceColumns(SQLModel):
    """What every resource table has: the current version of one resource is one row.

    `home` is the Patient of the site that sent it, fixed for life; "" for what is nobody's
    (Organization, Practitioner, Device). `dict` names the dictionary `body` was compressed with.
    `label` is its confidentiality (0 N, 1 R, 2 V) with the topics above it; without one it is R.
    """

    home: str = text(primary_key=True)
    id: str = text(primary_key=True)
    version: int = count()
    updated_us: int = instant()
    message: str | None = maybe()
    status: str | None = maybe()
    dictionary: int = number(sa_column_kwargs={"name": "dict"})
    body: bytes = data()
    label: int | None = maybe_count()
