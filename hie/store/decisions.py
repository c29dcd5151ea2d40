"""What clinicians decided about the orders of a check: one decision stands for each order.

The same key with the same content changes nothing; a different decision for the same order needs
`replaces`. Races end at unique indexes, not at a look beforehand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hie.errors import Conflict
from hie.store.cells import open_words, seal_words
from hie.store.ids import new_id
from hie.store.locks import hold
from hie.store.session import Reader, Row, Unit
from hie.store.vault import DataClass

_COLUMNS = (
    "id, check_id, ref, assessment, decision, reason, text, explained, practitioner, institution,"
    " at_us, key, state, replaces, content_hash, item, ordered"
)
_MOST = 500  # decisions of one person that are read at once


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `content_hash` is over what was decided, so that a repeat is recognised.

    `state` in the table: recorded, replaced (a later one names it), reopened (its result changed).
    `item` is what was ordered, `ordered` says of an examination which one.
    """

    check: str
    ref: str
    assessment: str | None
    decision: str
    reason: str | None
    text: str | None
    explained: bool | None
    practitioner: str
    institution: str
    at_us: int
    key: str
    content_hash: str
    replaces: str | None = None
    state: str = "recorded"
    id: str = ""
    item: str | None = None
    ordered: str | None = None


class AlreadyDecided(Conflict):
    """Another decision stands for this order: `standing` shows it."""

    def __init__(self, text: str, standing: Decision) -> None:
        super().__init__(text)
        self.standing = standing


async def hold_orders(unit: Unit, check: str, refs: Iterable[str]) -> None:
    """Hold these orders of a check until the unit ends, so that no two units wait in a circle."""
    await hold(unit, (f"decision:{check}:{ref}" for ref in refs))


async def record(unit: Unit, decision: Decision) -> tuple[Decision, str]:
    """Record one decision: what stands now, and recorded, unchanged, replaced or reopened.

    `replaces` may name a decision of an earlier check about the same order. The caller closes what
    waits for the replaced one. `reopened`: it was recorded before, and its result changed since.
    Raises AlreadyDecided when the key was used for other content, when another decision stands and
    is not named in `replaces`, or when `replaces` names one that does not stand.
    """
    replaced = None if decision.replaces is None else await find(unit, decision.replaces)
    orders = {(decision.check, decision.ref)}
    if replaced is not None and replaced.institution == decision.institution:
        orders.add((replaced.check, replaced.ref))
    await hold(unit, (f"decision:{check}:{ref}" for check, ref in orders))
    same_key = await _one(
        unit,
        "institution = $1 AND key = $2 AND ref = $3",
        decision.institution,
        decision.key,
        decision.ref,
    )
    if same_key is not None:
        if same_key.content_hash == decision.content_hash and same_key.check == decision.check:
            return same_key, "reopened" if same_key.state == "reopened" else "unchanged"
        raise AlreadyDecided("this key was used for another decision", same_key)
    standing = await standing_of(unit, decision.check, decision.ref)
    if standing is None and decision.replaces is not None:
        standing = await _standing_elsewhere(unit, decision)
    if standing is not None and decision.replaces != standing.id:
        if decision.replaces is None and standing.content_hash == decision.content_hash:
            return standing, "reopened" if standing.state == "reopened" else "unchanged"
        raise AlreadyDecided("another decision stands for this order", standing)
    made = replace(decision, id=new_id(), state="recorded")
    if standing is not None:
        await unit.execute("UPDATE decision SET state = 'replaced' WHERE id = $1", standing.id)
    await unit.execute(
        f"INSERT INTO decision ({_COLUMNS})"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        made.id,
        made.check,
        made.ref,
        made.assessment,
        made.decision,
        made.reason,
        seal_words(unit.db, DataClass.ORDER, made.institution, made.text, *_place(made.id)),
        made.explained,
        made.practitioner,
        made.institution,
        made.at_us,
        made.key,
        made.state,
        made.replaces,
        made.content_hash,
        made.item,
        made.ordered,
    )
    return made, "recorded" if standing is None else "replaced"


async def _standing_elsewhere(unit: Unit, decision: Decision) -> Decision:
    """The decision about an order of an earlier check that this one replaces."""
    named = await find(unit, decision.replaces or "", decision.institution)
    if named is None:
        raise Conflict("there is no decision that this one could replace")
    if named.state == "replaced":
        later = await standing_of(unit, named.check, named.ref)
        raise AlreadyDecided("another decision stands for this order", later or named)
    return named


async def reopen(unit: Unit, keys: Iterable[str]) -> list[Decision]:
    """Reopen those of these decisions that stand and use a result; locked until the unit ends."""
    rows = await unit.fetch(
        f"SELECT {_COLUMNS} FROM decision WHERE {unit.db.among('id', 1)}"  # noqa: S608
        " AND state <> 'replaced' AND decision = 'use' ORDER BY id" + unit.db.locking("FOR UPDATE"),
        unit.db.array(sorted(set(keys))),
    )
    found = [_decision(unit, row) for row in rows]
    if found:
        await unit.execute(
            f"UPDATE decision SET state = 'reopened' WHERE {unit.db.among('id', 1)}",  # noqa: S608
            unit.db.array([one.id for one in found]),
        )
    return [replace(one, state="reopened") for one in found]


async def standing_of(reader: Reader, check: str, ref: str) -> Decision | None:
    """The decision that stands for an order of a check, or None.

    One that replaced it from a later check, which asked about the same order anew, stands for it.
    """
    where = "check_id = $1 AND ref = $2"
    found = await _one(reader, f"{where} AND state <> 'replaced'", check, ref)
    if found is None:
        found = await _one(reader, where, check, ref)
    while found is not None and found.state == "replaced":
        found = await _one(reader, "replaces = $1", found.id)
    return found


async def chain(reader: Reader, key: str) -> list[Decision]:
    """A decision and all it replaced, newest first: how a mind was changed."""
    found = []
    following: str | None = key
    while following is not None:
        one = await find(reader, following)
        if one is None:
            break
        found.append(one)
        following = one.replaces
    return found


async def of_check(reader: Reader, check: str) -> list[Decision]:
    """All decisions of a check, replaced ones too, in the order they were made."""
    rows = await reader.fetch(
        f"SELECT {_COLUMNS} FROM decision WHERE check_id = $1 ORDER BY at_us, id",  # noqa: S608
        check,
    )
    return [_decision(reader, row) for row in rows]


async def of_person(reader: Reader, person: str, institution: str) -> list[Decision]:
    """The decisions that stand about a person's orders at an institution, newest first."""
    columns = ", ".join(f"d.{name.strip()}" for name in _COLUMNS.split(","))
    rows = await reader.fetch(
        f"SELECT {columns} FROM order_check AS c JOIN decision AS d ON d.check_id = c.id"  # noqa: S608
        " WHERE c.person = $1 AND c.institution = $2 AND d.state <> 'replaced'"
        f" ORDER BY d.at_us DESC, d.id LIMIT {_MOST}",
        person,
        institution,
    )
    return [_decision(reader, row) for row in rows]


async def find(reader: Reader, key: str, institution: str | None = None) -> Decision | None:
    """One decision by id; with `institution` only its own."""
    where = "id = $1 AND (CAST($2 AS TEXT) IS NULL OR institution = $2)"
    return await _one(reader, where, key, institution)


async def _one(reader: Reader, where: str, *args: object) -> Decision | None:
    row = await reader.fetchrow(
        f"SELECT {_COLUMNS} FROM decision WHERE {where} ORDER BY at_us DESC LIMIT 1",  # noqa: S608
        *args,
    )
    return None if row is None else _decision(reader, row)


def _decision(reader: Reader, row: Row) -> Decision:
    return Decision(
        id=row[0],
        check=row[1],
        ref=row[2],
        assessment=row[3],
        decision=row[4],
        reason=row[5],
        text=open_words(reader.db, row[6], *_place(row[0])),
        explained=None if row[7] is None else bool(row[7]),
        practitioner=row[8],
        institution=row[9],
        at_us=row[10],
        key=row[11],
        state=row[12],
        replaces=row[13],
        content_hash=row[14],
        item=row[15],
        ordered=row[16],
    )


def _place(key: str) -> tuple[str, str, str]:
    return "decision", "text", key
