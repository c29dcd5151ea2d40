"""What clients said of cards: each thing once, however often and in whichever order it comes.

`mark` is a keyed hash over all that was said, so that a repeat is recognised and nobody who holds
the database can try out what somebody may have written. Words are sealed for their own row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hie.store.cells import open_words, seal_words
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass

_COLUMNS = (
    "card, hash, institution, outcome, suggestion, reason, comment, outcome_us, at_us, became,"
    " decision"
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said of a card; `outcome_us` is when somebody acted, `at_us` when the hub heard.

    `suggestion` is what the accepted one suggests, `reason` a key of the hub's reasons, or
    "<system>|<code>" of the client's own. `became` is what the hub made of it (`exchange`),
    `decision` the one that was recorded by it, or stood instead.
    """

    card: str
    hash: str
    institution: str
    outcome: str
    suggestion: str | None
    reason: str | None
    comment: str | None
    outcome_us: int
    at_us: int
    became: str
    decision: str | None


def mark(reader: Reader, *said: str) -> str:
    """What one thing said is known by: 43 characters."""
    return reader.db.keys.blind("cds-feedback", *said)


async def add(unit: Unit, said: Sequence[Said]) -> list[Said]:
    """Keep what was said; those that were not there before."""
    fresh = []
    for one in said:
        touched = await unit.execute(
            f"INSERT INTO cds_feedback ({_COLUMNS})"  # noqa: S608
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
            " ON CONFLICT (card, hash) DO NOTHING",
            one.card,
            one.hash,
            one.institution,
            one.outcome,
            one.suggestion,
            one.reason,
            seal_words(
                unit.db, DataClass.ORDER, one.institution, one.comment, *_place(one.card, one.hash)
            ),
            one.outcome_us,
            one.at_us,
            one.became,
            one.decision,
        )
        fresh += [one] if touched else []
    return fresh


async def of_cards(reader: Reader, cards: Iterable[str]) -> dict[str, dict[str, Said]]:
    """What was said of these cards: by card and mark."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM cds_feedback WHERE {reader.db.among('card', 1)}",  # noqa: S608
        reader.db.array(sorted(set(cards))),
    )
    found: dict[str, dict[str, Said]] = {}
    for row in rows:
        found.setdefault(row[0], {})[row[1]] = _said(reader, row)
    return found


async def spoken_of(reader: Reader, cards: Iterable[str]) -> set[str]:
    """Those of these cards of which anything was said; no words are opened."""
    rows = await reader.fetch(
        f"SELECT DISTINCT card FROM cds_feedback WHERE {reader.db.among('card', 1)}",  # noqa: S608
        reader.db.array(sorted(set(cards))),
    )
    return {row[0] for row in rows}


async def of_check(reader: Reader, check: str) -> dict[str, Said]:
    """By order line of a check, what was said last of its card."""
    columns = ", ".join(f"f.{name}" for name in _COLUMNS.split(", "))
    rows = await reader.fetch(
        f"SELECT {columns}, c.ref FROM cds_feedback AS f JOIN cds_card AS c ON c.id = f.card"  # noqa: S608
        " WHERE c.check_id = $1 AND c.ref IS NOT NULL ORDER BY f.outcome_us, f.hash",
        check,
    )
    return {row[11]: _said(reader, row) for row in rows}


def _said(reader: Reader, row: Row) -> Said:
    return Said(
        card=row[0],
        hash=row[1],
        institution=row[2],
        outcome=row[3],
        suggestion=row[4],
        reason=row[5],
        comment=open_words(reader.db, row[6], *_place(row[0], row[1])),
        outcome_us=row[7],
        at_us=row[8],
        became=row[9],
        decision=row[10],
    )


def _place(card: str, key: str) -> tuple[str, str, str, str]:
    return "cds_feedback", "comment", card, key
