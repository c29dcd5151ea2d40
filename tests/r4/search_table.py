"""The search parameters of every served type: how each is answered, as a page and as questions.

The page is made from the registry alone (`page`). `asked_all` plants resources and asks every
parameter with every modifier: what was planted is found, what was not is not.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from hie.exchange.hub import Hub
from hie.fhir.elements import bounds
from hie.fhir.search.definitions import Kind, Parameter
from hie.fhir.search.modifiers import modifiers
from hie.fhir.search.order import SORTABLE
from hie.fhir.search.unanswered import UNANSWERED
from hie.store import identifiers, names, relations
from hie.store.identifiers import PatientIdentifier
from hie.store.relations import EVER_US, Fact
from hie.store.resources import Put, insert
from hie.store.search.answered import How, how_answered
from hie.store.search.registry import BOUND, DATED, PARAMETERS
from hie.store.session import Unit
from hie.store.tables import HOMELESS
from tests.r4.planted import ABOVE, CODES, SYSTEM, asked, planted, tree_of

MINE, THEIRS, NOBODYS = "sought", "other", "third"  # three patients
_OFTEN = frozenset({"_id", "_lastUpdated", "_source"})  # no resource is without


def page() -> str:
    """docs/conformance-search.md."""
    lines = [
        "# The search parameters",
        "",
        "Made by `make conformance` from the same list that answers queries, and held to it by a test. Each parameter is also asked there, with",
        "each modifier, of resources that have what is asked for and of others.",
        "",
        "*How* says what answers a parameter: an **index**; the **index of identifiers**; the **index of names** (two characters at least); or the resources",
        "themselves are **looked at**, at most 5,000 of them. What is answered *beside* something needs a `patient` (or `subject`), an `_id` or an `identifier` in the same search;",
        "without it the answer is `too-costly`. `_lastUpdated` alone goes through a whole type in the order of time. A reference also takes the",
        "types it may lead to as modifiers (`:Patient`). An identifier of an Observation is found with its system. *Sort*: `looked at` where the",
        "search leaves at most 5,000.",
        "",
    ]
    for kind in sorted(PARAMETERS):
        lines += [
            f"## {kind}",
            "",
            "| parameter | type | modifiers | how | sort |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(kind, one) for _, one in sorted(PARAMETERS[kind].items())]
        lines.append("")
    lines += ["## Not answered", "", "| parameter | instead |", "|---|---|"]
    lines += [f"| `{name}` | {words} |" for name, words in sorted(UNANSWERED.items())]
    return "\n".join(lines) + "\n"


def _row(kind: str, one: Parameter) -> str:
    words = sorted(modifiers(one) - one.targets)
    shown = " ".join(f"`:{word}`" for word in words)
    sort = ""
    if one.kind in SORTABLE and one.paths:
        sort = "index" if one.name in {"_id", "_lastUpdated"} else "looked at"
        sort = "index, beside a patient" if one.name == DATED.get(kind) else sort
    return f"| `{one.name}` | {one.kind} | {shown} | {how_answered(kind, one)} | {sort} |"


async def asked_all(hub: Hub, client: httpx.AsyncClient, kind: str) -> list[str]:
    """Every parameter of a type asked with every modifier; the faults, none when all is well."""
    return [fault async for fault in _asked_all(hub, client, kind)]


async def _asked_all(hub: Hub, client: httpx.AsyncClient, kind: str) -> AsyncIterator[str]:
    await _treated(hub, is_there=kind != "Patient")
    for place, (name, parameter) in enumerate(sorted(PARAMETERS[kind].items())):
        await asyncio.sleep(0)
        if how_answered(kind, parameter) is How.REFUSED:
            answer = await client.get(f"/fhir/{kind}?{name}=Patient/a")
            if _code(answer) != "not-supported":
                yield f"{kind} {name}: {answer.status_code}, expected to be refused"
            continue
        plant, path = planted(kind, parameter)
        ids = [f"{kind}.{place}.{n}" for n in range(3)]
        if name == "_id":
            ids = ["sought", f"{kind}.{place}.1", f"{kind}.{place}.2"]
        await _write(hub, kind, parameter, path, ids, plant)
        for modifier, text in asked(parameter, plant):
            expected = _expected(kind, parameter, modifier, text, ids)
            key = f"{name}:{modifier}" if modifier else name
            pairs = [("_id", ",".join(ids)), (key, text)]
            found = await _found(client, kind, pairs)
            if modifier in plant.refused and "not-supported" in found:
                continue
            if found != expected:
                yield f"{kind}?{key}={text}: {found}, expected {expected}"
        async for fault in _alone(client, kind, parameter, plant.asks[""]):
            yield fault
        async for fault in _sorted(client, kind, parameter, ids):
            yield fault


async def _treated(hub: Hub, *, is_there: bool) -> None:
    """The patient that is asked about is there and may be looked at, or is not there yet."""
    async with hub.db.unit() as unit:
        await unit.execute("DELETE FROM patient WHERE id = $1", MINE)
        if is_there:
            tree: Any = {"resourceType": "Patient", "id": MINE}
            await insert(unit, [Put("Patient", MINE, MINE, tree, "institution:search")])
            await _related(unit, MINE)


async def _related(unit: Unit, home: str) -> None:
    """Every client's institution has this patient."""
    rows = await unit.fetch("SELECT DISTINCT institution FROM client")
    own = relations.Kind.OWN
    facts = [Fact(row[0], home, own, 0, EVER_US, "Patient") for row in rows]
    await relations.relate(unit, facts)


async def _alone(
    client: httpx.AsyncClient, kind: str, parameter: Parameter, text: str
) -> AsyncIterator[str]:
    """Whether a parameter is answered alone as the page says."""
    how = how_answered(kind, parameter)
    answer = await client.get(f"/fhir/{kind}?{parameter.name}={quote(text)}&_count=1")
    is_observations = kind == "Observation" and parameter.name == "identifier"
    said = "" if how.is_alone or is_observations else "too-costly"
    if _code(answer) != said:
        yield f"{kind}?{parameter.name} alone: {answer.text[:200]}, expected {said or 'an answer'}"


async def _sorted(
    client: httpx.AsyncClient, kind: str, parameter: Parameter, ids: list[str]
) -> AsyncIterator[str]:
    """Whether a sort turns round with its sign, and what has no value stands last both ways."""
    if parameter.kind not in SORTABLE or _is_labelled(kind, parameter):
        return
    orders = []
    for sign in ("", "-"):
        pairs = [("_id", ",".join(ids)), ("_sort", f"{sign}{parameter.name}")]
        answer = await client.get(f"/fhir/{kind}?{urlencode(pairs)}")
        if answer.status_code != 200:
            yield f"{kind}?_sort={sign}{parameter.name}: {answer.text[:200]}"
            return
        orders.append([one["resource"]["id"] for one in answer.json().get("entry", ())])
    up, down = orders
    has_value = ids if parameter.name in _OFTEN else ids[:2]
    if [one for one in up if one in has_value] != [one for one in down if one in has_value][::-1]:
        yield f"{kind}?_sort={parameter.name}: {up} and {down}"
    if parameter.name not in _OFTEN and {up[-1], down[-1]} != {ids[2]}:
        yield f"{kind}?_sort={parameter.name}: what has none is not last: {up} and {down}"


async def _write(
    hub: Hub, kind: str, parameter: Parameter, path: Any, ids: list[str], plant: Any
) -> None:
    """Three resources, straight into the store: one has it, one another, one nothing."""
    times = [bounds(text) for text in ("2026-06-01", "2020-01-01", "2019-01-01")]
    values = [plant.sought, plant.other, None]
    async with hub.db.unit() as unit:
        for n, (id_, value, time) in enumerate(zip(ids, values, times, strict=True)):
            tree: Any = {"resourceType": kind, "id": id_}
            if value is not None and parameter.name not in {"_id", "_lastUpdated"}:
                tree = tree_of(kind, id_, parameter, path, value)
            put = Put(kind, _home(kind, parameter, n, id_), id_, tree, "institution:search")
            await insert(unit, [put], now_us=time[0] if time else 0)
            if put.home and not await relations.known(unit, put.home):
                await _related(unit, put.home)
            if kind == "Patient":
                numbers = [
                    PatientIdentifier(one["system"], one["value"], "site", usable=False)
                    for one in tree.get("identifier", ())
                ]
                await identifiers.replace(unit, {id_: numbers})
                await names.keep(unit, {id_: tree})


def _is_labelled(kind: str, parameter: Parameter) -> bool:
    """The hub labels every row of a patient: none is without, and they share a label."""
    return parameter.name == "_security" and kind not in HOMELESS


def _home(kind: str, parameter: Parameter, n: int, id_: str) -> str:
    if kind in HOMELESS:
        return ""
    if kind not in BOUND:
        return id_
    return (MINE, THEIRS, NOBODYS)[n] if parameter.name in {"patient", "subject"} else MINE


def _expected(
    kind: str, parameter: Parameter, modifier: str, text: str, ids: list[str]
) -> set[str]:
    sought, other, bare = ids
    often = parameter.name in _OFTEN or _is_labelled(kind, parameter)
    if often and modifier == "missing":
        return set(ids) if text == "false" else set()
    if modifier == "missing":
        return {bare} if text == "true" else {sought, other}
    if modifier in {"not", "not-in"}:
        return {other, bare}
    return {sought}


async def _found(client: httpx.AsyncClient, kind: str, pairs: list[tuple[str, str]]) -> Any:
    answer = await client.get(f"/fhir/{kind}?{urlencode(pairs)}")
    if answer.status_code != 200:
        return answer.text[:300]
    return {one["resource"]["id"] for one in answer.json().get("entry", ())}


def _code(answer: httpx.Response) -> str:
    return "" if answer.status_code == 200 else str(answer.json()["issue"][0]["code"])


def definitions() -> Iterator[dict[str, Any]]:
    """The code system and the value sets that the questions name."""
    yield {
        "resourceType": "CodeSystem", "id": "search-tree", "url": SYSTEM, "status": "active",
        "content": "complete",
        "concept": [{"code": ABOVE, "concept": [{"code": CODES[0]}]}, {"code": CODES[1]}],
    }  # fmt: skip
    seen = set()
    for kind, known in PARAMETERS.items():
        for parameter in known.values():
            if parameter.kind is not Kind.TOKEN:
                continue
            plant, _ = planted(kind, parameter)
            url = plant.asks.get("in")
            if url is None or url in seen:
                continue
            seen.add(url)
            system, _, code = plant.asks["above"].partition("|")
            yield {
                "resourceType": "ValueSet", "id": f"search-{len(seen)}", "url": url,
                "status": "active",
                "compose": {"include": [{"system": system, "concept": [{"code": code}]}]},
            }  # fmt: skip
