"""The condition in SQL decides as the rules do, on both databases, for every kind of row."""

import random
from dataclasses import replace

import pytest

from hie.access.restriction import Asking, Restriction
from hie.consent.rule import DENY, OPEN, PERMIT, Rule
from hie.consent.words import BITS, EVERY_PURPOSE
from hie.store import consents, resources
from hie.store.database import Database
from hie.store.resources import Put
from hie.store.visible import visible, visible_history
from tests.builders import a_patient, a_report, an_observation
from tests.relabelled import relabel
from tests.unit.consent.evaluator import Question, Record, decide

A, B = "91110000MA0000001L", "91110000MA0000002J"
DAY = 86_400_000_000
LABELS = [None, 0, 1, 2, 1 + 4 * 1, 1 + 4 * 4, 1 + 4 * 5, 4 * 128, 1 + 4 * 2048, 1 + 4 * 4097]


def random_rule(dice: random.Random) -> Rule:
    def maybe(*values: object) -> object:
        return dice.choice([None, None, *values])

    decision = dice.choice([DENY, PERMIT, OPEN])
    start = maybe(0, 10 * DAY)
    return Rule(
        decision,
        institution=maybe(A, B),  # type: ignore[arg-type]
        party=maybe("user/u"),  # type: ignore[arg-type]
        purposes=dice.choice([EVERY_PURPOSE, BITS["TREAT"], BITS["BTG"], BITS["ETREAT"]]),
        source=maybe(A, B),  # type: ignore[arg-type]
        kind=maybe("Observation", "Patient"),  # type: ignore[arg-type]
        resource=maybe("Observation/o1", "DiagnosticReport/r1", "Patient/h1"),  # type: ignore[arg-type]
        least=dice.choice([0, 0, 1, 2]),
        most=dice.choice([0, 1, 2, 2, 2]),
        any_topics=maybe(1, 5),  # type: ignore[arg-type]
        within_topics=maybe(5, 128),  # type: ignore[arg-type]
        no_topics=dice.choice([0, 0, 1, 2048]),
        from_us=dice.choice([0, 50]),
        until_us=dice.choice([50, 100, 200]),
        data_from_us=start,  # type: ignore[arg-type]
        data_until_us=maybe(20 * DAY, 30 * DAY),  # type: ignore[arg-type]
    )


async def written(db: Database) -> list[Record]:
    """Rows of one home of A, of every label, written by A's client or B's; and what they are."""
    puts, found = [], []
    writers = [f"institution:{A}", f"institution:{B}", None]
    for n, label in enumerate(LABELS):
        writer = writers[n % 3]
        key = f"o{n}"
        tree = an_observation(key, "h1")
        tree["effectiveDateTime"] = f"1970-01-{1 + 4 * n % 28:02d}T08:00:00+08:00"
        if n % 4 == 3:
            del tree["effectiveDateTime"]
        puts.append((Put("Observation", "h1", key, tree, writer, report=f"r{n % 3}"), label))
        first = (4 * n % 28) * DAY
        day = None if n % 4 == 3 else (first, first + 999_999)
        of = frozenset({f"DiagnosticReport/r{n % 3}"})
        source = A if writer is None else writer.partition(":")[2]
        found.append(Record("Observation", key, label, source, day, of))
    for n in range(3):
        tree = a_report(f"r{n}", "h1")
        tree.pop("effectiveDateTime", None)
        puts.append((Put("DiagnosticReport", "h1", f"r{n}", tree, None), 1))
        results = frozenset(f"Observation/o{k}" for k in range(len(LABELS)) if k % 3 == n)
        found.append(Record("DiagnosticReport", f"r{n}", 1, A, None, results))
    puts.append((Put("Patient", "h1", "h1", a_patient("h1"), None), 0))
    found.append(Record("Patient", "h1", 0, A))
    async with db.unit() as unit:
        await resources.put(unit, [one for one, _ in puts], now_us=1)
        for one, label in puts:
            await relabel(unit, one.type, label, {one.id})
        await unit.execute(
            "INSERT INTO reach (home, institution, kind, from_us, until_us)"
            " VALUES ('h1', $1, 'own', 0, 100)",
            A,
        )
    return found


async def seen(db: Database, asks: Asking, **more: object) -> set[str]:
    restriction = Restriction(asks=asks, **more)  # type: ignore[arg-type]
    found: set[str] = set()
    async with db.reading() as reader:
        for kind in ("Patient", "Observation", "DiagnosticReport"):
            part = visible(reader, kind, restriction)
            sql = f"SELECT v.id FROM {part.sql} AS v"  # noqa: S608
            rows = await reader.fetch(sql, *part.args)
            found |= {f"{kind}/{row[0]}" for row in rows}
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(20))
async def test_every_row_is_seen_that_the_rules_permit(database: Database, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test
    records = await written(database)
    for _ in range(8):
        rules = [random_rule(dice) for _ in range(dice.randint(1, 6))]
        async with database.unit() as unit:
            await consents.write_rules(unit, ["h1"], rules)
        for by, purpose in ((A, "TREAT"), (B, "TREAT"), (B, "ETREAT"), (B, "BTG")):
            for permitted in (True, False):
                parties = frozenset(dice.sample(["user/u", "client/c"], dice.randint(0, 2)))
                asks = Asking(by, purpose, 60, permitted, parties=parties)
                question = Question(by, BITS[purpose], 60, parties)
                expected = set()
                for one in records:
                    rule = decide(rules, question, one)
                    if (permitted if rule is None else rule.decision != DENY) or (
                        one.kind == "Patient" and by == A
                    ):
                        expected.add(f"{one.kind}/{one.id}")
                assert await seen(database, asks) == expected, rules


@pytest.mark.anyio
async def test_the_glass_is_broken_for_one_home(database: Database) -> None:
    await written(database)
    only = Rule(PERMIT, purposes=BITS["BTG"])
    async with database.unit() as unit:
        await consents.write_rules(unit, ["h1"], [only, Rule(DENY)])
    asks = Asking(B, "TREAT", 60)
    assert await seen(database, asks) == set()
    assert await seen(database, asks, opened=frozenset({"h2"})) == set()
    assert "Observation/o1" in await seen(database, asks, opened=frozenset({"h1"}))


@pytest.mark.anyio
async def test_the_policy_of_an_emergency_is_of_the_home_the_glass_is_broken_for(
    database: Database,
) -> None:
    await written(database)
    asks = Asking(B, "TREAT", 60, permitted=False, emergency=True)
    assert await seen(database, asks) == set()
    assert "Observation/o1" in await seen(database, asks, opened=frozenset({"h1"}))


@pytest.mark.anyio
async def test_a_patient_opens_what_is_restricted(database: Database) -> None:
    await written(database)
    asks = Asking(B, "TREAT", 60)

    async def with_rules(*rules: Rule) -> set[str]:
        async with database.unit() as unit:
            await consents.write_rules(unit, ["h1"], rules)
        return await seen(database, asks, clearance=0)

    normal = {"Patient/h1", "Observation/o1", "Observation/o7"}
    assert await with_rules() == normal
    assert await with_rules(Rule(PERMIT)) == normal
    opened = await with_rules(Rule(OPEN, within_topics=1), Rule(PERMIT))
    assert opened == normal | {"Observation/o4", "Observation/o9"}
    everything = await with_rules(Rule(OPEN))
    assert "Observation/o3" not in everything  # V is opened by nobody's consent
    assert everything >= normal | {"Observation/o0", "Observation/o2", "DiagnosticReport/r1"}


@pytest.mark.anyio
async def test_earlier_versions_are_hidden_with_their_report(database: Database) -> None:
    await written(database)
    async with database.unit() as unit:
        again = an_observation("o1", "h1", value="9.9")
        await resources.put(unit, [Put("Observation", "h1", "o1", again, None, report="r1")])
    asks = Restriction(asks=Asking(B, "TREAT", 60))

    async def versions(*rules: Rule) -> int:
        async with database.unit() as unit:
            await consents.write_rules(unit, ["h1"], rules)
        async with database.reading() as reader:
            part = visible_history(reader, "Observation", asks)
            sql = f"SELECT 1 FROM {part.sql} AS v"  # noqa: S608
            return len(await reader.fetch(sql, *part.args))

    assert await versions() == 1
    for resource in ("Observation/o1", "DiagnosticReport/r1"):
        assert await versions(Rule(DENY, resource=resource)) == 0
    assert await versions(Rule(DENY, resource="DiagnosticReport/r2")) == 1
    assert await versions(Rule(DENY, data_from_us=0, data_until_us=DAY)) == 0


@pytest.mark.anyio
async def test_what_the_institution_wrote_it_may_write_again(database: Database) -> None:
    await written(database)
    async with database.unit() as unit:
        await consents.write_rules(unit, ["h1"], [Rule(DENY)])
    asks = Asking(B, "TREAT", 60)
    assert await seen(database, asks) == set()
    mine = {"Observation/o1", "Observation/o4", "Observation/o7"}
    assert await seen(database, replace(asks, writing=True)) == mine
