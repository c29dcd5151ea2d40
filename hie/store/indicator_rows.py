"""What indicators are counted from, read in pages: checks by person, decisions, later results.

Nothing here answers a caller with a patient's data: it is read to be counted. Every statement is
bounded: persons come by their keys, what was done for them by home and id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hie.access.policy import Restriction
from hie.store.masks import meanings
from hie.store.results import as_known, columns_of
from hie.store.served import KEPT, STORED, Stored, stored
from hie.store.session import Reader
from hie.store.visible import visible

_PAGE = 1_000  # rows of results one statement reads
_EVERY = Restriction()  # counted, not shown


@dataclass(frozen=True, slots=True)
class Span:
    """Checks asked about from one instant to before another, of one institution or of all.

    `known_us`: only what the hub had received by then.
    """

    from_us: int
    before_us: int
    known_us: int
    institution: str | None = None

    @property
    def args(self) -> tuple[object, ...]:
        """The arguments $1 to $4 of `_WITHIN`."""
        return self.from_us, self.before_us, self.known_us, self.institution


_WITHIN = (
    "on_us >= $1 AND on_us < $2 AND at_us <= $3 AND (CAST($4 AS TEXT) IS NULL OR institution = $4)"
)


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check; `packed` is its JSON as it is kept."""

    id: str
    institution: str
    person: str | None
    on_us: int
    at_us: int
    dictionary: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision, replaced or not; `reopened_us` is when what it used was first corrected."""

    id: str
    check: str
    ref: str
    assessment: str | None
    decision: str
    reason: str | None
    at_us: int
    state: str
    replaces: str | None
    reopened_us: int | None


@dataclass(frozen=True, slots=True)
class DoneRow:
    """A result, study or report, and the institution of the site that sent it."""

    stored: Stored
    item: str | None
    from_us: int | None
    until_us: int | None
    sender: str | None


async def persons(reader: Reader, span: Span, after: str, limit: int) -> list[str]:
    """The next persons asked about, by rising id."""
    rows = await reader.fetch(
        f"SELECT DISTINCT person FROM order_check WHERE {_WITHIN} AND person > $5"  # noqa: S608
        " ORDER BY person LIMIT $6",
        *span.args,
        after,
        limit,
    )
    return [row[0] for row in rows]


async def count_persons(reader: Reader, span: Span) -> int:
    """How many persons were asked about: what a progress bar counts up to."""
    found: int = await reader.fetchval(
        f"SELECT count(DISTINCT person) FROM order_check WHERE {_WITHIN}",  # noqa: S608
        *span.args,
    )
    return found


async def checks_of(reader: Reader, span: Span, of: Sequence[str]) -> list[CheckRow]:
    """All checks of these persons, by person, oldest first."""
    rows = await reader.fetch(
        f"SELECT id, institution, person, on_us, at_us, dict, body FROM order_check WHERE {_WITHIN}"  # noqa: S608
        f" AND {reader.db.among('person', 5)} ORDER BY person, on_us, id",
        *span.args,
        reader.db.array(of),
    )
    return [CheckRow(*row) for row in rows]


async def nobodys(reader: Reader, span: Span, after: tuple[int, str], limit: int) -> list[CheckRow]:
    """The next checks that found no person, or several; `after` is the last one's time and id."""
    rows = await reader.fetch(
        f"SELECT id, institution, person, on_us, at_us, dict, body FROM order_check WHERE {_WITHIN}"  # noqa: S608
        " AND person IS NULL AND (on_us > $5 OR (on_us = $5 AND id > $6))"
        " ORDER BY on_us, id LIMIT $7",
        *span.args,
        *after,
        limit,
    )
    return [CheckRow(*row) for row in rows]


async def decisions_of(reader: Reader, checks: Iterable[str], known_us: int) -> list[DecisionRow]:
    """The decisions of these checks made by an instant, and those that replaced them elsewhere.

    Oldest first. An order that is asked about anew may be decided anew by a later check.
    """
    found = await _decisions(reader, "d.check_id", list(checks), known_us)
    new = found
    while new:
        later = await _decisions(reader, "d.replaces", [row.id for row in new], known_us)
        known = {row.id for row in found}
        new = [row for row in later if row.id not in known]
        found += new
    return sorted(found, key=lambda row: (row.at_us, row.id))


async def _decisions(
    reader: Reader, column: str, keys: Sequence[str], known_us: int
) -> list[DecisionRow]:
    rows = await reader.fetch(
        "SELECT d.id, d.check_id, d.ref, d.assessment, d.decision, d.reason, d.at_us, d.state,"  # noqa: S608
        " d.replaces, (SELECT min(w.created_us) FROM work_item AS w WHERE w.decision = d.id)"
        f" FROM decision AS d WHERE {reader.db.among(column, 1)} AND d.at_us <= $2",
        reader.db.array(keys),
        known_us,
    )
    return [DecisionRow(*row) for row in rows]


async def views_of(reader: Reader, checks: Iterable[str], known_us: int) -> set[tuple[str, str]]:
    """The lines (check, ref) somebody had looked at by an instant."""
    rows = await reader.fetch(
        "SELECT DISTINCT check_id, ref FROM order_view"  # noqa: S608
        f" WHERE {reader.db.among('check_id', 1)} AND at_us <= $2",
        reader.db.array(list(checks)),
        known_us,
    )
    return {(row[0], row[1]) for row in rows}


async def cards_of(
    reader: Reader, checks: Iterable[str], known_us: int
) -> dict[tuple[str, str], bool]:
    """The lines (check, ref) a card had left about by an instant; whether its client had spoken."""
    rows = await reader.fetch(
        "SELECT c.check_id, c.ref, EXISTS (SELECT 1 FROM cds_feedback AS f"  # noqa: S608
        " WHERE f.card = c.id AND f.at_us <= $2) FROM cds_card AS c"
        f" WHERE {reader.db.among('c.check_id', 1)} AND c.ref IS NOT NULL AND c.at_us <= $2",
        reader.db.array(list(checks)),
        known_us,
    )
    found: dict[tuple[str, str], bool] = {}
    for check, ref, said in rows:
        found[check, ref] = found.get((check, ref), False) or bool(said)
    return found


async def views_since(reader: Reader, institutions: Iterable[str], known_us: int) -> dict[str, int]:
    """Since when each institution's looking at offers is recorded: its first recorded look."""
    found = {}
    for code in institutions:
        first = await reader.fetchval(
            "SELECT at_us FROM order_view WHERE institution = $1 AND at_us <= $2"
            " ORDER BY at_us LIMIT 1",
            code,
            known_us,
        )
        if first is not None:
            found[code] = first
    return found


async def done(
    reader: Reader,
    kind: str,
    homes: Sequence[str],
    items: Sequence[str],
    span: tuple[int, int],
    known_us: int,
) -> list[DoneRow]:
    """What was done of these items for these homes, collected from an instant to another.

    `kind` is Observation, ImagingStudy or DiagnosticReport. What was first received after
    `known_us` is left out; what changed since is as it was then.
    """
    seen = visible(reader, kind, _EVERY)
    n = seen.following
    columns = ", ".join(f"v.{name}" for name in STORED.split(", "))
    item = "klass" if kind == "ImagingStudy" else "item"
    means = meanings(reader, "item", homes, items)
    found: list[DoneRow] = []
    home, key = "", ""
    while True:
        rows = await reader.fetch(
            f"SELECT {columns}, v.{item}, v.effective_us, v.effective_end_us, s.institution"  # noqa: S608
            f" FROM {seen.sql} AS v LEFT JOIN message AS m ON m.id = v.message"
            " LEFT JOIN site AS s ON s.id = m.site"
            f" WHERE {reader.db.among('v.home', n)} AND {reader.db.among(f'v.{item}', n + 1)}"
            f" AND v.effective_end_us >= ${n + 2} AND v.effective_us <= ${n + 3}"
            f" AND (v.home > ${n + 4} OR (v.home = ${n + 4} AND v.id > ${n + 5}))"
            f" ORDER BY v.home, v.id LIMIT {_PAGE}",
            *seen.args,
            reader.db.array(homes),
            reader.db.array(list(means)),
            *span,
            home,
            key,
        )
        found += [
            DoneRow(stored(reader.db, kind, row[:KEPT]), means[row[KEPT]], *row[KEPT + 1 :])
            for row in rows
        ]
        if len(rows) < _PAGE:
            break
        home, key = rows[-1][0], rows[-1][1]
    return await _known(reader, kind, item, found, known_us)


async def _known(
    reader: Reader, kind: str, item: str, found: Sequence[DoneRow], known_us: int
) -> list[DoneRow]:
    """Those the hub had by an instant, each as it was then."""
    later = [row.stored for row in found if row.stored.updated_us > known_us]
    if not later:
        return list(found)
    then = await as_known(reader, kind, later, _EVERY, known_us)
    kept = []
    for row in found:
        if row.stored.updated_us <= known_us:
            kept.append(row)
        elif row.stored.id in then:
            was = then[row.stored.id]
            said = columns_of(reader, was)
            times = said["effective_us"], said["effective_end_us"]
            kept.append(DoneRow(was, said[item], *times, row.sender))
    return kept
