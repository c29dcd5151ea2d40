"""Which ImagingStudies a QIDO-RS query may mean: what an index can tell, through `visible`.

The door looks at each of them for the rest (names with wildcards, descriptions). What no index
narrows is bounded: newest first, and no more than asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hie.access.policy import Restriction
from hie.store.identifiers import blind
from hie.store.session import Dialect, Reader
from hie.store.visible import visible

_OLDEST = -(2**62)


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """What can be looked up; None or empty: not asked. Times are microseconds, both included."""

    uids: Sequence[str] = ()
    accessions: Sequence[str] = ()
    patients: Sequence[str] = ()  # PatientID as sent
    modalities: Sequence[str] = ()
    first_us: int | None = None
    last_us: int | None = None
    site: str | None = None


async def find_studies(
    reader: Reader, query: StudyQuery, restriction: Restriction, limit: int
) -> list[str]:
    """Ids of ImagingStudies, newest first."""
    seen = visible(reader, "ImagingStudy", restriction)
    args = list(seen.args)

    def arg(value: object) -> str:
        args.append(value)
        return f"${len(args)}"

    def among(column: str, values: Sequence[str]) -> str:
        args.append(reader.db.array(values))
        return reader.db.among(column, len(args))

    where = []
    if query.uids:
        uids = [blind(reader, f"urn:oid:{uid}") for uid in query.uids]
        where.append(among("v.uid_hash", uids))
    if query.accessions:
        accessions = [blind(reader, one) for one in query.accessions]
        where.append(among("v.accession_hash", accessions))
    if query.patients:
        hashes = [blind(reader, one) for one in query.patients]
        inner = f"SELECT home FROM identifier WHERE kind = 'Patient' AND {among('hash', hashes)}"  # noqa: S608
        where.append(f"v.home IN ({inner})")
    if query.modalities:
        inside = "strpos" if reader.db.dialect is Dialect.POSTGRESQL else "instr"
        parts = [f"{inside}(v.modality, {arg(f' {one} ')}) > 0" for one in query.modalities]
        where.append(f"({' OR '.join(parts)})")
    if query.first_us is not None:
        where.append(f"v.effective_end_us >= {arg(query.first_us)}")
    if query.last_us is not None:
        where.append(f"v.effective_us <= {arg(query.last_us)}")
    if query.site is not None:
        where.append(f"v.id IN (SELECT id FROM study WHERE site = {arg(query.site)})")  # noqa: S608
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    rows = await reader.fetch(
        f"SELECT v.id FROM {seen.sql} AS v{clause}"  # noqa: S608
        f" ORDER BY coalesce(v.effective_us, {_OLDEST}) DESC, v.id LIMIT {int(limit)}",
        *args,
    )
    return [row[0] for row in rows]
