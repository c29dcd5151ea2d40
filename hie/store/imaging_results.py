"""A person's imaging studies and reports of some classes: what an order-check asks for of images.

With `known_at_us` each resource is the version that was current then; what came later is not there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hie.access.policy import Restriction
from hie.store.masks import also
from hie.store.results import LIMIT, columns_of, formerly, newest_first, reaches
from hie.store.served import STORED, Stored, stored
from hie.store.session import Reader
from hie.store.visible import visible

# HL7 table 0074: sections whose reports never tell of images
_LABORATORY = ("LAB", "BG", "BLB", "CH", "CP", "CTH", "GE", "HM", "ICU", "IMM", "MB", "MCB", "MYC",
               "SP", "SR", "TX", "VR")  # fmt: skip


async def studies(
    reader: Reader,
    homes: Sequence[str],
    classes: Sequence[str],
    restriction: Restriction,
    *,
    since_us: int | None = None,
    known_at_us: int | None = None,
) -> list[Stored]:
    """Studies of these classes, and those whose class the images do not tell.

    `since_us`: only those made since, and those that do not say when.
    """
    n = visible(reader, "ImagingStudy", restriction, homes=homes).following
    since = -(2**62) if since_us is None else since_us
    return await _rows(
        reader,
        "ImagingStudy",
        homes,
        restriction,
        f"(v.klass IS NULL OR {reader.db.among('v.klass', n)})"
        f" AND (v.effective_end_us IS NULL OR v.effective_end_us >= ${n + 1})",
        (reader.db.array(also(reader, "item", homes, classes)), since),
        known_at_us,
        lambda said: said["klass"] in (None, *classes) and reaches(said, since),
    )


async def reports(
    reader: Reader,
    homes: Sequence[str],
    classes: Sequence[str],
    restriction: Restriction,
    *,
    known_at_us: int | None = None,
) -> list[Stored]:
    """Reports of these classes, and those that may tell of a study although they name no class."""
    n = visible(reader, "DiagnosticReport", restriction, homes=homes).following
    found = await _rows(
        reader,
        "DiagnosticReport",
        homes,
        restriction,
        f"({reader.db.among('v.item', n)} OR v.category IS NULL"
        f" OR NOT ({reader.db.among('v.category', n + 1)}))",
        (reader.db.array(also(reader, "item", homes, classes)), reader.db.array(_LABORATORY)),
        known_at_us,
        lambda said: said["item"] in classes or said["category"] not in _LABORATORY,
    )
    wanted = [f'"{key}"'.encode() for key in ("imagingStudy", *classes)]
    return [one for one in found if any(word in one.body for word in wanted)]


async def _rows(
    reader: Reader,
    kind: str,
    homes: Sequence[str],
    restriction: Restriction,
    condition: str,
    args: tuple[object, ...],
    known_at_us: int | None,
    holds: Callable[[Mapping[str, Any]], bool],
) -> list[Stored]:
    """Rows of these homes that meet the condition, newest first; its arguments follow what is seen.

    `holds` is the same condition, asked of the columns of a version that is no longer current.
    """
    seen = visible(reader, kind, restriction, homes=homes)
    columns = ", ".join(f"v.{name}" for name in STORED.split(", "))
    rows = await reader.fetch(
        f"SELECT {columns} FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE {condition}"
        f" ORDER BY v.effective_us IS NULL, v.effective_us DESC, v.id LIMIT {LIMIT}",
        *seen.args,
        *args,
    )
    found = [stored(reader.db, kind, row) for row in rows]
    if known_at_us is None:
        return found
    then = [one for one in found if one.updated_us <= known_at_us]
    former = await formerly(reader, kind, homes, restriction, known_at_us)
    then += [one for one in former if holds(columns_of(reader, one))]
    return sorted(then, key=lambda one: newest_first(reader, one))[:LIMIT]
