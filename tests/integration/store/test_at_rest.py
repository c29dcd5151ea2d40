"""A stolen database tells nothing: no name, no number, no result, in no column and no byte of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from hie.errors import HubError
from hie.exchange.commands import run
from hie.recognition.reasons import load_reasons
from hie.store.compression import shipped_dictionaries
from hie.store.served import STORED, stored
from hie.store.tables import TABLES
from tests.integration.exchange.test_indicators import a_hub, asked, received
from tests.integration.fhir.support import hub_of_writer
from tests.integration.store.dumped import files, strings, tables, told

pytestmark = pytest.mark.anyio

NAME = "诸葛亮示"
ID = "110101198001010053"
PHONE = "13912345678"
STREET = "示例路七十七号"
STAFF = "司马医师"
CONTACT = "诸葛主任示"
HIV = "75622-1"
HIV_LOCAL = "HIVCONFIRM"
RESULT = "抗体确证阳性示例"
NOTE = "告知家属示例甲"
NUMBER = "ORD-7788990011"
WORDS = (
    NAME,
    "zhugeliang",
    ID,
    PHONE,
    STREET,
    STAFF,
    CONTACT,
    HIV,
    HIV_LOCAL,
    RESULT,
    NOTE,
    NUMBER,
)
_WORDED = next(key for key, one in load_reasons().by_key.items() if one.needs_text)
PEOPLE = ("Patient", "Practitioner", "Person")


async def _written(client: Any) -> str:
    """What a client writes of an invented person; the Patient's id."""
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": ID}],
        "name": [{"text": NAME}, {"text": "Zhugeliang"}],
        "telecom": [{"system": "phone", "value": PHONE}],
        "address": [{"text": STREET}],
    }
    made = await client.post("/fhir/Patient", json=patient)
    assert made.status_code == 201, made.text
    key = str(made.json()["id"])
    subject = {"reference": f"Patient/{key}", "display": NAME}
    staff = {"resourceType": "Practitioner", "name": [{"text": STAFF}],
             "identifier": [{"system": "urn:staff", "value": "ST-1"}]}  # fmt: skip
    result = {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:lab", "value": NUMBER}],
        "code": {"coding": [{"system": "http://loinc.org", "code": HIV},
                            {"system": "urn:local", "code": HIV_LOCAL}]},
        "subject": subject,
        "effectiveDateTime": "2026-06-01T08:00:00+08:00",
        "valueCodeableConcept": {"text": RESULT},
        "note": [{"text": NOTE}],
    }  # fmt: skip
    house = {"resourceType": "Organization", "name": "示例医院",
             "identifier": [{"system": "urn:house", "value": "H-1"}],
             "contact": [{"name": {"text": CONTACT}}]}  # fmt: skip
    found = []
    for tree in (staff, result, house):
        made = await client.post(f"/fhir/{tree['resourceType']}", json=tree)
        assert made.status_code == 201, made.text
        found.append(made.json())
    changed = {**found[1], "status": "amended"}  # so that there is history
    again = await client.put(f"/fhir/Observation/{changed['id']}", json=changed)
    assert again.status_code == 200, again.text
    searched = await client.get(f"/fhir/Patient?identifier={ID}")
    assert searched.json()["entry"][0]["resource"]["name"][0]["text"] == NAME
    coded = await client.get(f"/fhir/Observation?patient={key}&code={HIV}")
    assert len(coded.json().get("entry", ())) == 1
    return key


async def test_what_a_client_wrote_is_nowhere_in_clear(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        await _written(client)
        refused = await client.post("/fhir/Patient", content=f'{{"resourceType":"{NAME}"}}')
        assert refused.status_code == 400
        await client.get(f"/fhir/Patient?name={NAME}&phone={PHONE}")
        assert told(await tables(hub.db), WORDS) == []
        assert told(await files(place.url, place.data_dir), WORDS) == []


async def test_what_messages_checks_and_decisions_say_is_nowhere_in_clear(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        for number in range(1, 4):
            await received(hub, number)
        answer = await asked(hub, 1, "K", "NA")
        repeat = {"ref": "1", "decision": "repeat", "reason": _WORDED, "text": NOTE,
                  "explained_to_patient": True}  # fmt: skip
        said = {"check": answer["check"], "key": "k1", "practitioner": "D0117",
                "decisions": [repeat]}  # fmt: skip
        await run(hub, "decide", {"request": json.dumps(said)})
        words = {NOTE}
        async with hub.db.reading() as reader:
            for kind in (*PEOPLE, "DiagnosticReport", "Specimen", "ServiceRequest"):
                rows = await reader.fetch(f"SELECT {STORED} FROM {TABLES[kind]}")  # noqa: S608
                for row in rows:
                    tree = stored(hub.db, kind, row).resource()
                    words |= {
                        text
                        for name, text in strings(tree)
                        if len(text) > 1
                        and (
                            (kind in PEOPLE and name in ("text", "family", "line"))
                            or (name == "value" and len(text) > 6)
                        )
                    }
        shipped = b"".join(shipped_dictionaries().values())  # of invented people, public
        words = {one for one in words if one.encode() not in shipped}
        assert len(words) > 20
        assert told(await tables(hub.db), words) == []
        assert told(await files(place.url, place.data_dir), words) == []


async def test_a_cell_moved_to_another_patient_or_version_is_noticed(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        for number in range(1, 3):
            await received(hub, number)
        async with hub.db.unit() as unit:
            rows = await unit.fetch("SELECT id, dict, body FROM patient ORDER BY id LIMIT 2")
            (one, number, body), (other, _, _) = rows
            sql = "UPDATE patient SET dict = $2, body = $3 WHERE id = $1"
            await unit.execute(sql, other, number, body)
        async with hub.db.reading() as reader:
            for key, fails in ((one, False), (other, True)):
                sql = f"SELECT {STORED} FROM patient WHERE id = $1"  # noqa: S608
                row = await reader.fetchrow(sql, key)
                assert row is not None
                if fails:
                    with pytest.raises(HubError, match="altered, moved"):
                        stored(hub.db, "Patient", row)
                else:
                    assert json.loads(stored(hub.db, "Patient", row).body)["id"] == one
                    for column, value in ((3 - 1, 99), (0, other)):
                        moved = list(row)
                        moved[column] = value
                        with pytest.raises(HubError, match="altered, moved"):
                            stored(hub.db, "Patient", moved)
