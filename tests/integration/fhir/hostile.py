"""What every refused request must satisfy, and the hub that the hostile tables are tried on.

Six things (of each): the status; an OperationOutcome of the right code; nothing of what was sent in
the answer; nothing of another patient in it, nor in the log; one refusal in the audit log, with its
reason; and the same request without the attack is answered. All people are invented.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hie.exchange.hub import Hub
from tests.integration.fhir.support import hub_of_writer, observation, patient_of, writer
from tests.integration.two_hospitals import CASE

ECHO = "ECHO7f3a"  # stands in what is sent, and must not come back
CANARY = ("金丝雀甲", "CANARY-91c2")  # another patient's name and number
PROOF = ("urn:oid:2.16.156.1.9.1", CANARY[1])


@dataclass(frozen=True)
class Asked:
    """One request; `content` as bytes, `headers` beside the client's own."""

    method: str = "POST"
    path: str = "/fhir/Observation"
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attack:
    """A request that is refused: with which status, issue code, and reason in the audit log."""

    name: str
    asked: Asked
    status: int
    code: str
    reason: str


@dataclass
class Field:
    """A hub with a writer, a patient of its own, and one of another institution's."""

    hub: Hub
    client: httpx.AsyncClient
    patient: str
    written: int = 0

    def result(self, **more: str) -> str:
        """A new sound Observation as text, `more` is replaced in it."""
        self.written += 1
        text = observation(self.patient, "5.10", f"H-{self.written}")
        for old, new in more.items():
            text = text.replace(old, new)
        return text

    async def ask(self, asked: Asked) -> httpx.Response:
        return await self.client.request(
            asked.method, asked.path, content=asked.content, headers=asked.headers
        )

    async def reasons(self) -> Counter[str]:
        """How often each reason stands in the audit log, counts of noise included."""
        await self.hub.entrance.refusals.flush()
        async with self.hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT reason, detail FROM audit_access WHERE type = 'refused'"
            )
        found: Counter[str] = Counter()
        for reason, detail in rows:
            text = str(detail or "")
            found[reason] += int(text.removeprefix("count=")) if text.startswith("count=") else 1
        return found


@asynccontextmanager
async def hostile_field(place: Any, tmp_path: Path, *scopes: str) -> AsyncIterator[Field]:
    """The hub, its writer, and the canary: a patient and a result of another institution."""
    async with hub_of_writer(place, tmp_path, *scopes) as (hub, client):
        receiver = json.loads(CASE.order_check)["receiver"]["institution"]
        other = await writer(hub, "other", receiver)
        theirs = {
            "resourceType": "Patient",
            "name": [{"text": CANARY[0]}],
            "identifier": [{"system": PROOF[0], "value": PROOF[1]}],
            "birthDate": "1950-05-05",
        }
        planted = await client.post("/fhir/Patient", json=theirs, headers=other)
        assert planted.status_code == 201
        note = observation(planted.json()["id"], "9.99", CANARY[1])
        kept = await client.post("/fhir/Observation", content=note.encode(), headers=other)
        assert kept.status_code == 201
        yield Field(hub, client, await patient_of(client))


async def check_refused(field_: Field, attacks: Sequence[Attack], twin: Any) -> None:
    """All six things of every attack; `twin(attack)` is its request without the attack."""
    before = await field_.reasons()
    for attack in attacks:
        answer = await field_.ask(attack.asked)
        check_answer(attack, answer)
        right = await field_.ask(twin(attack))
        assert right.status_code < 300, (attack.name, right.status_code, right.text)
    gained = await field_.reasons() - before
    assert gained == Counter(attack.reason for attack in attacks)


def check_answer(attack: Attack, answer: httpx.Response) -> None:
    """Status, code, and no word of what was sent or of anybody else."""
    told = (attack.name, answer.status_code, answer.text[:400])
    assert answer.status_code == attack.status, told
    assert answer.headers["content-type"].startswith("application/fhir+json"), told
    tree = answer.json()
    assert tree["resourceType"] == "OperationOutcome", told
    assert tree["issue"][0]["severity"] == "error", told
    assert tree["issue"][0]["code"] in attack.code.split("|"), told
    assert tree["issue"][0]["diagnostics"], told
    whole = answer.text + repr(answer.headers)
    for word in (ECHO, *CANARY):
        assert word not in whole, told


def check_log(text: str) -> None:
    """The log names no one, and repeats nothing."""
    for word in (ECHO, *CANARY, "request-failed"):
        assert word not in text
