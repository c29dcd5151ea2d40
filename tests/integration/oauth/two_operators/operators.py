"""Operators at the machine, all invented, and what they ask for."""

from dataclasses import replace
from typing import Any

from hie.access.actor import Actor
from hie.oauth.commands import COMMANDS
from tests.integration.oauth.conftest import OPERATOR, SCOPES, Hub
from tests.unit.access.tokens import CLIENT, INSTITUTION, ec_key, jwk_of

NEW = "ris-1"
NEW_KEY = ec_key("P-384", 71)
WEEK = 7 * 24 * 3600


def an_operator(*names: str, subject: str | None = None) -> Actor:
    """Somebody known by these accounts of their own."""
    return replace(OPERATOR, subject=subject or names[0], names=frozenset(names))


ALICE, BOB = an_operator("alice"), an_operator("bob")
ROOT = replace(OPERATOR, subject="root")


async def act(hub: Hub, who: Actor, name: str, /, **arguments: Any) -> dict[str, Any]:
    """One command of an operator."""
    return await COMMANDS[name](hub.entrance, who, arguments)


async def propose_new(hub: Hub, who: Actor = ALICE, **changes: Any) -> str:
    """A registration that waits: the proposal."""
    asked = {
        "client": NEW,
        "institution": INSTITUTION,
        "key": jwk_of(NEW_KEY, kid="n1"),
        "scopes": ["system/Observation.rs", "user/Observation.rs", "hie/introspect"],
        "name": "RIS",
        "cds_issuer": "https://ris.example/cds",
    }
    return str((await act(hub, who, "client-add", **(asked | changes)))["proposal"])


async def widen(hub: Hub, who: Actor = ALICE) -> str:
    """A change of the client that is there: one scope more."""
    scopes = [*SCOPES, "system/Encounter.rs"]
    answer = await act(hub, who, "client-change", client=CLIENT, scopes=scopes)
    return str(answer["proposal"])


async def waiting(hub: Hub) -> list[dict[str, Any]]:
    """What `hie client ls` shows to wait."""
    found: list[dict[str, Any]] = (await act(hub, BOB, "client-list"))["waiting"]
    return found


async def scopes_of(hub: Hub, client: str = CLIENT) -> set[str]:
    rows = (await act(hub, BOB, "client-list"))["clients"]
    (row,) = [one for one in rows if one["client"] == client]
    return set(row["scopes"].split())


async def told(hub: Hub, kind: str = "proposal") -> list[tuple[str, str, str]]:
    """Who, what was done, and the detail of each event, oldest first; `#` for a proposal's id."""
    async with hub.entrance.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT subject, action, detail FROM audit_access WHERE type = $1 ORDER BY at_us, n",
            kind,
        )
        ids = await reader.fetch("SELECT id FROM proposal")
    found = []
    for who, action, detail in rows:
        words = {row[0]: "#" for row in ids}
        found.append((who, action, " ".join(_told(one, words) for one in detail.split(" "))))
    return found


def _told(word: str, ids: dict[str, str]) -> str:
    bare = word.rstrip(":")
    return word.replace(bare, ids[bare]) if bare in ids else word
