"""A laboratory that sends what it measured; people and institutions are invented."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hie.access.labels import Topic, confidentiality, topics
from hie.access.labels.tags import found_in
from hie.access.restriction import Restriction
from hie.app import opened
from hie.errors import ResourceNotFound
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.settings import Settings
from hie.store import versions
from hie.store.relabelling import LABELLED
from hie.store.served import LABEL, STORED, Stored, stored
from hie.store.tables import TABLES
from hie.synthetic.institutions import BEIJING

SITE, INSTITUTION = "lab-1", BEIJING.code
ALL = Restriction()
PLAIN = Restriction(clearance=0, own_clearance=0)
Found = tuple[str, set[Topic]]


@asynccontextmanager
async def laboratory(place: Any) -> AsyncIterator[Hub]:
    """A hub with one laboratory."""
    settings = Settings(data_dir=place.data_dir, database_url=place.url, rate_limits=False)
    async with opened(settings) as hub:
        site = {"site": SITE, "institution": INSTITUTION, "adapter": "hl7v2", "profile": ""}
        await run(hub, "site-add", site)
        yield hub


def result(code: str, value: str = "4.10", unit: str = "mmol/L", note: str = "") -> str:
    """One OBX (and NTE); `code` as OBX-3."""
    kind = "NM" if value.replace(".", "").isdigit() else "ST"
    line = f"OBX|{{n}}|{kind}|{code}||{value}|{unit}||N|||F"
    return line + (f"\rNTE|1||{note}" if note else "")


def message(
    *results: str,
    report: str = "F-1",
    name: str = "CHEM^生化^99LAB",
    department: str = "心内科",
    number: str = "M1",
    person: str = "P1",
    status: str = "F",
    extra: str = "",
) -> bytes:
    """An ORU of one report about an invented person."""
    lines = [
        f"MSH|^~\\&|LIS|LAB|HIE|HUB|20260612120000+0800||ORU^R01^ORU_R01|{number}|P|2.5.1"
        "||||||UNICODE UTF-8",
        f"PID|1||{person}^^^LAB^MR||张^示例^^^^^L||19491231|F",
        f"PV1|1|O|{department}^^^LAB||||||||||||||||V-{person}",
        f"OBR|1|O-{report}|{report}|{name}|||20260612080000+0800"
        + "|" * 15
        + f"20260612110000+0800||CH|{status}",
        *(extra.split("\r") if extra else ()),
        *(one.replace("{n}", str(n)) for n, one in enumerate(results, 1)),
        f"SPM|1|S-{report}||SER^血清^HL70487|||||||||||||20260612080000+0800",
    ]
    return "\r".join([*lines, ""]).encode()


async def sent(hub: Hub, content: bytes) -> dict[str, Any]:
    """What the hub says of a message it was sent."""
    return await sent_to(hub, SITE, content)


async def sent_to(hub: Hub, site: str, content: bytes) -> dict[str, Any]:
    """What the hub says of a message that it was sent by this site."""
    packed = {"name": "a.hl7", "content": base64.b64encode(content).decode()}
    answer = await run(hub, "receive", {"site": site, "files": [packed]})
    (kept,) = answer["receipts"]
    return dict(kept)


async def rows(hub: Hub, kind: str) -> list[Stored]:
    """All resources of a type; each has the label of its row in its body."""
    async with hub.db.reading() as reader:
        found = await reader.fetch(f"SELECT {STORED} FROM {TABLES[kind]} ORDER BY id")  # noqa: S608
        told = []
        for row in found:
            one = stored(reader.db, kind, row)
            assert found_in(one.resource()["meta"]) == row[LABEL], kind
            told.append(one)
    return told


async def labels(hub: Hub, kind: str) -> dict[str, Found]:
    """The labels of all resources of a type, by the name of their code or their number."""
    return {_named(one.resource()): label_of(one) for one in await rows(hub, kind)}


async def everything(hub: Hub) -> dict[str, set[str]]:
    """The confidentialities of all types that have rows."""
    return {
        kind: {label_of(one)[0] for one in found}
        for kind in LABELLED
        if (found := await rows(hub, kind))
    }


def label_of(one: Stored) -> Found:
    """Confidentiality and topics of a resource, as its tags say."""
    label = found_in(one.resource()["meta"])
    assert label is not None
    return "NRV"[confidentiality(label)], set(topics(label))


def _named(tree: dict[str, Any]) -> str:
    code = tree.get("code", {})
    texts = [one.get("code") for one in code.get("coding", ()) if one.get("userSelected")]
    if texts:
        return str(texts[0])
    numbers = [one["value"] for one in tree.get("identifier", ()) if "value" in one]
    return str(numbers[0] if numbers else tree["id"])


async def is_seen(hub: Hub, kind: str, key: str, version: int | None = None) -> bool:
    """Whether somebody without any clearance sees it."""
    async with hub.db.reading() as reader:
        try:
            await versions.read(reader, kind, key, PLAIN, version)
        except ResourceNotFound:
            return False
    return True


async def approved(hub: Hub, code: str, item: str) -> None:
    """A person approves the map of a local code."""
    asked = {"site": SITE, "codes": [code], "system": "99LAB", "item": item, "approve": True}
    await run(hub, "map-review", asked)
