"""What is written in the database past the hub is found by a look; its twin is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hie.access.windows import EVER_US
from hie.errors import InvalidRequest
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store.relation_marks import mark_at_start
from hie.store.tables import METADATA
from tests.integration.access.consents import denying, give, rule, treating
from tests.integration.access.glass import labelled, plain
from tests.integration.access.support import INSTITUTIONS, encounter_of, region

pytestmark = pytest.mark.anyio

# Each column of a rule, and what loosens it or makes it another's.
RULES: list[tuple[str, Any]] = [
    ("permit", 1), ("permit", 2), ("institution", "91110000000000000X"), ("party", "user:x"),
    ("purposes", 0), ("source", "91110000000000000X"), ("kind", "Encounter"),
    ("resource", "Observation/x"), ("least", 2), ("most", 0), ("any_topics", 1),
    ("within_topics", 1), ("no_topics", 1), ("from_us", EVER_US - 1), ("until_us", 1),
    ("data_from_us", EVER_US - 1), ("data_until_us", 1), ("consent", "another"),
    ("home", "nobody"),
]  # fmt: skip


async def looked(hub: Hub) -> dict[str, Any]:
    answer: dict[str, Any] = await run(hub, "integrity-check", {})
    while answer["at"] is not None:
        answer = await run(hub, "integrity-check", {"at": answer["at"]})
    assert answer["count"] == len(answer["found"])
    return answer


async def alarms(hub: Hub) -> list[tuple[str, str | None]]:
    """What the log says of them: detail and patient."""
    async with hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT a.detail, s.home FROM audit_access AS a"
            " LEFT JOIN audit_subject AS s ON s.access = a.id"
            " WHERE a.type = 'integrity' AND a.outcome = '8' ORDER BY a.at_us, a.n"
        )
    return [(row[0], row[1]) for row in rows]


async def _all(hub: Hub, table: str, home: str) -> list[tuple[Any, ...]]:
    async with hub.db.reading() as reader:
        rows = await reader.fetch(f"SELECT * FROM {table} WHERE home = $1", home)  # noqa: S608
    return [tuple(row) for row in rows]


async def _put_back(hub: Hub, table: str, home: str, rows: Sequence[Sequence[Any]]) -> None:
    async with hub.db.unit() as unit:
        await unit.execute(f"DELETE FROM {table} WHERE home = $1", home)  # noqa: S608
        names = _names(table)
        await unit.insert(table, names, rows)


def _names(table: str) -> list[str]:
    return [column.name for column in METADATA.tables[table].columns]


async def _done(hub: Hub, sql: str, *args: Any) -> None:
    async with hub.db.unit() as unit:
        assert await unit.execute(sql, *args)


async def test_a_rule_that_was_changed_added_or_removed_is_found_and_its_twin_is_not(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        hub = found.hub
        await give(found, "a", found.patients["P5a"], denying("b"))
        await give(found, "b", found.patients["P1b"], rule("deny", labels="HIV"))
        clean = await looked(hub)
        assert (clean["count"], clean["found"]) == (0, [])
        assert clean["done"] == clean["total"] > 50
        home = found.patients["P5b"]
        rows = await _all(hub, "consent_rule", home)
        for name, value in RULES:
            await _done(hub, f"UPDATE consent_rule SET {name} = $2 WHERE home = $1", home, value)  # noqa: S608
            told = await looked(hub)
            assert {"what": "consent_rule", "where": home} in told["found"], name
            expected = 2 if name == "home" else 1
            assert told["count"] == expected, name
            if name == "home":
                await _done(hub, "DELETE FROM consent_rule WHERE home = $1", value)
            await _put_back(hub, "consent_rule", home, rows)
        await _done(hub, "DELETE FROM consent_rule WHERE home = $1", home)
        assert (await looked(hub))["found"] == [{"what": "consent_rule", "where": home}]
        assert (await alarms(hub))[-1] == ("consent_rule", home)
        await _put_back(hub, "consent_rule", home, rows)
        other = found.patients["P3b"]  # has none: one is given to them
        async with hub.db.unit() as unit:
            names = _names("consent_rule")
            await unit.insert("consent_rule", names, [(other, *rows[0][1:])])
        assert (await looked(hub))["found"] == [{"what": "consent_rule", "where": other}]
        await run(hub, "consent-recompile", {})
        await _done(hub, "DELETE FROM consent_rule WHERE home = $1", other)
        assert (await looked(hub))["count"] == 0


async def test_who_is_let_reach_a_patient_past_the_hub_is_found(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        hub = found.hub
        assert (await looked(hub))["count"] == 0
        home, far = found.patients["P2b"], INSTITUTIONS["c"]
        added = (
            "INSERT INTO reach (home, institution, kind, from_us, until_us)"
            " VALUES ($1, $2, $3, 0, $4)"
        )
        for kind in ("visit", "own", "referral", "patient"):
            await _done(hub, added, home, far, kind, EVER_US)
            assert (await looked(hub))["found"] == [
                {"what": "reach", "where": f"{home} {far} {kind}"}
            ]
            assert (await alarms(hub))[-1] == (f"reach {far} {kind}", home)
            await _done(
                hub, "DELETE FROM reach WHERE home = $1 AND institution = $2 AND kind = $3",
                home, far, kind,
            )  # fmt: skip
        own = (
            "INSERT INTO relation (home, institution, kind, from_us, until_us, source)"
            " VALUES ($1, $2, 'own', 0, $3, 'Patient')"
        )
        await _done(hub, own, home, far, EVER_US)
        assert {"what": "relation", "where": f"{home} {far} own"} in (await looked(hub))["found"]
        await _done(hub, "DELETE FROM relation WHERE home = $1 AND institution = $2", home, far)
        treated = found.patients["P1a"]
        visit = "home = $1 AND kind = 'visit'"
        (row,) = [one for one in await _all(hub, "reach", treated) if one[2] == "visit"]
        for name, value in (("until_us", EVER_US), ("from_us", -1)):
            if row[3 if name == "from_us" else 4] == value:
                continue
            was = row[3 if name == "from_us" else 4]
            sql = f"UPDATE reach SET {name} = $2 WHERE {visit}"  # noqa: S608
            await _done(hub, sql, treated, value)
            assert (await looked(hub))["count"] == 1, name
            await _done(hub, sql, treated, was)
        await _done(hub, f"DELETE FROM reach WHERE {visit}", treated)  # noqa: S608 - it only closes
        assert (await looked(hub))["count"] == 0


# What a thief would like a relation to say; `from_us` is no part of it: none begins in the future.
RELATIONS: list[tuple[str, Any]] = [
    ("home", "P2b"), ("institution", INSTITUTIONS["c"]), ("kind", "referral"),
    ("until_us", EVER_US), ("source", "Encounter/x"), ("mark", None), ("mark", "A" * 22),
]  # fmt: skip


async def test_a_relation_that_the_hub_did_not_write_is_found(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        hub, home = found.hub, found.patients["P1a"]
        rows = await _all(hub, "relation", home)
        (visit,) = [row for row in rows if row[2] == "visit"]
        for name, value in RELATIONS:
            new = found.patients[value] if name == "home" else value
            sql = f"UPDATE relation SET {name} = $2 WHERE home = $1 AND kind = 'visit'"  # noqa: S608
            await _done(hub, sql, home, new)
            told = [one for one in (await looked(hub))["found"] if one["what"] == "relation"]
            whose = new if name == "home" else home
            assert [one["where"].split()[0] for one in told] == [whose], name
            await _done(hub, "DELETE FROM relation WHERE home = $1 AND kind <> 'own'", whose)
            await _put_back(hub, "relation", home, rows)
            if name == "home":
                assert await _all(hub, "relation", new)
        added = [(found.patients["P2b"], *visit[1:])]  # with the mark of another patient's visit
        async with hub.db.unit() as unit:
            await unit.insert("relation", _names("relation"), added)
        where = f"{found.patients['P2b']} {visit[1]} visit"
        assert {"what": "relation", "where": where} in (await looked(hub))["found"]
        await _done(hub, "DELETE FROM relation WHERE home = $1 AND kind = 'visit'", added[0][0])
        assert (await looked(hub))["count"] == 0
        again = encounter_of(home, end=None)
        await found.made("a", again)  # the same visit again, and longer: the mark goes with it
        assert (await looked(hub))["count"] == 0


async def test_relations_of_earlier_versions_are_marked_once(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        hub = found.hub
        unmark = "UPDATE relation SET mark = NULL"
        await _done(hub, unmark)
        await mark_at_start(hub.db)  # it was noted when the database was new
        assert (await looked(hub))["count"] > 3
        await _done(hub, "DELETE FROM hub WHERE name = 'relations-marked'")
        await mark_at_start(hub.db)
        assert (await looked(hub))["count"] == 0


async def test_a_label_that_only_totals_show_is_found(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        await labelled(found, 1, "P1b")
        hub, key = found.hub, found.results["P1b"]
        assert (await looked(hub))["count"] == 0
        await _done(hub, "UPDATE observation SET label = 0 WHERE id = $1", key)
        (one,) = (await looked(hub))["found"]
        assert one["what"] == "observation.body"
        assert key in one["where"]
        with pytest.raises(InvalidRequest):
            await run(hub, "integrity-check", {"at": {"stage": -1}})
