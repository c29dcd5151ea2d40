"""What sixteen clients do at the same moment, and what they must be told.

Each kind returns what was acknowledged. When a hub was killed in between, the answer that says
"made" may be the one that was lost: then nobody has it, and the thing is there all the same.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.once.clients import CLIENTS, Answer, Clients

SYSTEM = "urn:once"
JSON_PATCH = "application/json-patch+json"


@dataclass
class Told:
    """What the hub has said is so: identifiers that one resource has, versions and their marks."""

    identifiers: set[tuple[str, str]] = field(default_factory=set)  # type, value
    versions: dict[tuple[str, str, int], str] = field(default_factory=dict)  # -> mark
    notes: dict[str, set[str]] = field(default_factory=dict)  # Observation -> texts
    deleted: set[str] = field(default_factory=set)  # values of identifiers

    def keep(self, kind: str, value: str, answers: Sequence[Answer]) -> None:
        """One identifier, one resource, whoever was told of it; each version as it was told."""
        self.identifiers.add((kind, value))
        assert len({one.id for one in answers}) <= 1, f"{value}: several resources"
        for one in answers:
            self.versions[kind, one.id, one.version] = mark_of(one.body)


def mark_of(tree: Any) -> str:
    """What tells two versions of a resource apart."""
    return f"{tree.get('valueInteger', '')}/{len(tree.get('note', ()))}"


def result(patient: str, number: str, value: int = 0) -> dict[str, Any]:
    """An Observation with an identifier of its own."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": SYSTEM, "value": number}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": {"reference": patient},
        "valueInteger": value,
    }


async def create_if_none_exists(clients: Clients, told: Told, patient: str, n: int) -> None:
    """The same If-None-Exist, in several words."""
    value = f"C-{n}"
    name = f"identifier={SYSTEM}|{value}"
    words = (name, f"{name}&status=final", f"status=final&{name}", f"?{name}")
    tree = result(patient, value)
    answers = await clients.at_once(
        lambda i: clients.ask(i, "POST", "/Observation", tree, If_None_Exist=words[i % len(words)])
    )
    _check(answers, {201: 1, 200: CLIENTS - 1}, others={200})
    told.keep("Observation", value, answers)


async def update_what_matches(clients: Clients, told: Told, patient: str, n: int) -> None:
    """The same conditional update with another value each; then a patch of each, by condition."""
    value = f"U-{n}"
    path = f"/Observation?identifier={SYSTEM}|{value}"
    answers = await clients.at_once(
        lambda i: clients.ask(i, "PUT", path, result(patient, value, i + 1))
    )
    _check(answers, {201: 1, 200: CLIENTS - 1}, others={200})
    told.keep("Observation", value, answers)
    if not any(one.again for one in answers):
        assert sorted(one.version for one in answers) == list(range(1, CLIENTS + 1))
    key = answers[0].id

    def patch(i: int) -> Awaitable[Answer]:
        change = [{"op": "add", "path": "/note/-", "value": {"text": f"{i}"}}]
        return clients.ask(i, "PATCH", path, change, Content_Type=JSON_PATCH)

    first = [{"op": "add", "path": "/note", "value": [{"text": "first"}]}]
    await clients.ask(0, "PATCH", path, first, Content_Type=JSON_PATCH)
    answers = await clients.at_once(patch)
    _check(answers, {200: CLIENTS}, others={200})
    told.keep("Observation", value, answers)
    told.notes[key] = {f"{i}" for i in range(CLIENTS)}


async def update_one_version(clients: Clients, told: Told, patient: str, n: int) -> None:
    """The same If-Match: one is taken, the others are told that another version stands."""
    value = f"M-{n}"
    made = await clients.ask(0, "POST", "/Observation", result(patient, value))
    if made.status == 409:  # it was made by the request whose answer was lost
        path = f"/Observation?identifier={SYSTEM}|{value}"
        made = await clients.ask(0, "PUT", path, result(patient, value))
    told.keep("Observation", value, [made])
    trees = [{**result(patient, value, i + 1), "id": made.id} for i in range(CLIENTS)]
    answers = await clients.at_once(
        lambda i: clients.ask(i, "PUT", f"/Observation/{made.id}", trees[i], If_Match='W/"1"')
    )
    _check(answers, {200: 1, 412: CLIENTS - 1}, others={412})
    told.keep("Observation", value, [one for one in answers if one.status == 200])


async def create_with_one_identifier(clients: Clients, told: Told, patient: str, n: int) -> None:
    """The same business identifier: one is made, the others are told it is taken; then all delete.

    In every fourth round the deletion is by id, else by condition.
    """
    value = f"B-{n}"
    answers = await clients.at_once(
        lambda i: clients.ask(i, "POST", "/Observation", result(patient, value))
    )
    _check(answers, {201: 1, 409: CLIENTS - 1}, others={409})
    told.keep("Observation", value, [one for one in answers if one.status == 201])
    path = f"/Observation?identifier={SYSTEM}|{value}"
    gone = await clients.at_once(lambda i: clients.ask(i, "DELETE", path))
    _check(gone, {204: CLIENTS}, others={204})
    told.deleted.add(value)


async def one_bundle(clients: Clients, told: Told, patient: str, n: int) -> None:
    """The same transaction with conditions: one makes all of it, the others find all of it."""
    person, number = f"T-{n}", f"TO-{n}"
    given = {"identifier": [{"system": SYSTEM, "value": person}], "name": [{"text": "示例"}]}
    entries = [
        _entry("Observation", "urn:uuid:o", result("urn:uuid:p", number), number),
        _entry("Patient", "urn:uuid:p", {"resourceType": "Patient", **given}, person),
    ]
    forwards, backwards = (
        {"resourceType": "Bundle", "type": "transaction", "entry": one}
        for one in (entries, entries[::-1])
    )
    answers = await clients.at_once(
        lambda i: clients.ask(i, "POST", "", backwards if i % 2 else forwards)
    )
    assert {one.status for one in answers} == {200}, _statuses(answers)
    said = Counter(
        tuple(sorted({part["response"]["status"] for part in one.body["entry"]})) for one in answers
    )
    assert set(said) <= {("200",), ("201",)}, said
    assert said["201",] <= 1, said
    if not any(one.again for one in answers):
        assert said["201",] == 1, said
    for kind, value in (("Patient", person), ("Observation", number)):
        made = [
            Answer(one.client, 200, part["resource"], _version(part), one.again)
            for one in answers
            for part in one.body["entry"]
            if part["resource"]["resourceType"] == kind
        ]
        assert len(made) == CLIENTS
        told.keep(kind, value, made)


async def one_bundle_without_conditions(clients: Clients, told: Told, patient: str, n: int) -> None:
    """The same transaction without conditions, entries in either order: one is done, whole."""
    numbers = [f"X{part}-{n}" for part in range(3)]
    entries = [_entry("Observation", f"urn:uuid:{one}", result(patient, one)) for one in numbers]
    forwards, backwards = (
        {"resourceType": "Bundle", "type": "transaction", "entry": one}
        for one in (entries, entries[::-1])
    )
    answers = await clients.at_once(
        lambda i: clients.ask(i, "POST", "", backwards if i % 2 else forwards)
    )
    _check(answers, {200: 1, 409: CLIENTS - 1}, others={409})
    for one in answers:
        for part in one.body["entry"] if one.status == 200 else ():
            value = part["resource"]["identifier"][0]["value"]
            stored = Answer(one.client, 201, part["resource"], _version(part), one.again)
            told.keep("Observation", value, [stored])
    told.identifiers |= {("Observation", one) for one in numbers}


Kind = Callable[[Clients, Told, str, int], Awaitable[None]]
KINDS: tuple[Kind, ...] = (
    create_if_none_exists,
    update_what_matches,
    update_one_version,
    create_with_one_identifier,
    one_bundle,
    one_bundle_without_conditions,
)


def _check(answers: Sequence[Answer], expected: dict[int, int], others: set[int]) -> None:
    """Exactly these statuses; where an answer was lost, `others` in the place of some."""
    counts = Counter(one.status for one in answers)
    if not any(one.again for one in answers):
        assert counts == expected, counts
        return
    assert set(counts) <= set(expected) | others, counts
    for status, count in expected.items():
        assert counts[status] <= count or status in others, counts


def _statuses(answers: Sequence[Answer]) -> list[Any]:
    return [(one.status, one.body) for one in answers if one.status != 200]


def _entry(kind: str, name: str, tree: Any, value: str = "") -> dict[str, Any]:
    request = {"method": "POST", "url": kind}
    if value:
        request["ifNoneExist"] = f"identifier={SYSTEM}|{value}"
    return {"fullUrl": name, "resource": tree, "request": request}


def _version(part: Any) -> int:
    return int(part["response"]["etag"].removeprefix('W/"').rstrip('"'))
