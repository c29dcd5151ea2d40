"""Bodies that attack the reader or the model: refused by name, and nothing is kept of them.

SECURITY 6.4: NUL (I03), duplicate members (I04), numbers (I05), depth and size (I06), encodings
(I07), another type (I08), unknown elements (I09).
"""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.hostile import (
    ECHO,
    Asked,
    Attack,
    check_log,
    check_refused,
    hostile_field,
)

pytestmark = pytest.mark.anyio
RESULT = (
    '{"resourceType":"Observation","status":"final","code":{"text":"示例"},'
    '"subject":{"reference":"Patient/%s"},"valueQuantity":{"value":5.10,"unit":"mmol/L"}}'
)
UNIT, VALUE = '"mmol/L"', "5.10"


def _json(name: str, old: str, new: str, code: str = "structure", reason: str = "json") -> Any:
    """An attack by one replacement in a sound result."""
    return name, lambda text: text.replace(old, new).encode(), 400, code, reason


def _value(text: str) -> Any:
    return _json(f"value {text[:12]}", VALUE, text, "value")


def _bytes(name: str, made: Any, reason: str = "enc") -> Any:
    return name, made, 400, "structure", reason


def _type(name: str, new: str) -> Any:
    return _json(name, '"resourceType":"Observation"', new, "invalid", "fhir")


def _element(name: str, more: str, status: int = 422, code: str = "structure|value") -> Any:
    return (
        name,
        lambda text: text.replace('"status"', f'{more},"status"').encode(),
        status,
        code,
        "fhir",
    )


ATTACKS = [
    _json("I03 escaped NUL", UNIT, f'"{ECHO}\\u0000"', reason="enc"),
    _json("I03 raw NUL", UNIT, f'"{ECHO}\0"'),
    _json("I03 raw control character", UNIT, f'"{ECHO}\x1b[31m"'),
    _json("I04 duplicate member", '"status":', f'"status":"{ECHO}","status":'),
    _json("I04 duplicate within", '"unit":', f'"unit":"{ECHO}","unit":'),
    _json("I04 duplicate by an escape", '"unit":', f'"\\u0075nit":"{ECHO}","unit":'),
    _json("I04 duplicate with a colon in an escape", UNIT, f'"{ECHO}\\u003a","unit":"x"'),
    *map(_value, ("NaN", "Infinity", "-Infinity", "1e400", "1e-400", "-1E999999999", "-0")),
    *map(_value, ("1" * 5000, "1" * 19, "0." + "1" * 5000)),
    *(_json(f"I05 {text}", VALUE, text) for text in ("01", ".5", "5.", "+5", "0x5", "5e", "--5")),
    _json("I06 depth 33", UNIT, "[" * 31 + f'"{ECHO}"' + "]" * 31),
    _bytes("I06 brackets", lambda _: b"[" * 200_000, "json"),
    _bytes("I06 objects", lambda _: b'{"a":' * 200_000, "json"),
    _json("I06 60,000 values", UNIT, '"mmol/L","note":[' + "1," * 60_000 + "1]"),
    _bytes("I07 byte order mark", lambda text: b"\xef\xbb\xbf" + text.encode()),
    _bytes("I07 UTF-16", lambda text: text.encode("utf-16")),
    _bytes("I07 UTF-16 without mark", lambda text: text.encode("utf-16-le")),
    _bytes("I07 UTF-32", lambda text: text.encode("utf-32")),
    _bytes("I07 GB18030", lambda text: text.encode("gb18030")),
    _bytes("I07 overlong", lambda text: text.encode().replace(b"mmol/L", b"\xc0\xaf")),
    _bytes("I07 raw surrogate", lambda text: text.encode().replace(b"mmol/L", b"\xed\xa0\x80")),
    _json("I07 half a character", UNIT, f'"{ECHO}\\ud83d"', reason="enc"),
    _json("I07 halves reversed", UNIT, f'"{ECHO}\\ude00\\ud83d"', reason="enc"),
    _bytes("nothing", lambda _: b"", "json"),
    _bytes("half", lambda text: text.encode()[:-9], "json"),
    _bytes("two", lambda text: text.encode() * 2, "json"),
    _bytes("a list", lambda text: f"[{text}]".encode(), "json"),
    _bytes("a text", lambda _: f'"{ECHO}"'.encode(), "json"),
    _bytes("null", lambda _: b"null", "json"),
    _bytes("XML", lambda _: f"<Observation>{ECHO}</Observation>".encode(), "json"),
    _json("null within", UNIT, "null"),
    _type("I08 another type", '"resourceType":"Patient"'),
    _type("I08 no type", f'"x":"{ECHO}"'),
    _type("I08 types", '"resourceType":["Observation"]'),
    _type("I08 lower case", '"resourceType":"observation"'),
    _type("I08 a number", '"resourceType":1'),
    _type("I08 what is no name", f'"resourceType":"{ECHO}"'),
    _element("I09 unknown element", f'"colour":"{ECHO}"'),
    _element("I09 prototype", f'"__proto__":{{"admin":"{ECHO}"}}'),
    _element("I09 constructor", f'"constructor":{{"prototype":"{ECHO}"}}'),
    _element("I09 unknown within", f'"method":{{"text":"x","colour":"{ECHO}"}}'),
    _element(
        "I09 unknown modifier",
        f'"modifierExtension":[{{"url":"urn:x","valueString":"{ECHO}"}}]',
        code="value|extension|business-rule",
    ),
]  # fmt: skip


async def test_every_hostile_body_is_refused_told_recorded_and_gone(
    place: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with hostile_field(place, tmp_path) as field:
        text = RESULT % field.patient
        attacks = [
            Attack(name, Asked(content=made(text)), status, code, reason)
            for name, made, status, code, reason in ATTACKS
        ]
        await check_refused(field, attacks, lambda _: Asked(content=text.encode()))
        query = f"/fhir/Observation?patient={field.patient}&_total=accurate"
        assert (await field.client.get(query)).json()["total"] == len(attacks)
    check_log("".join(capfd.readouterr()))


@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b'{"a":' * 200_000, b"[" + b"1," * 60_000 + b"1]"]
)
async def test_what_is_too_deep_or_too_much_is_refused_at_once(
    place: Any, tmp_path: Path, content: bytes
) -> None:
    async with hostile_field(place, tmp_path) as field:
        await field.ask(Asked(content=content))  # the first of all loads what is needed
        times = []
        for _ in range(5):
            start = time.process_time()
            assert (await field.ask(Asked(content=content))).status_code == 400
            times.append(time.process_time() - start)
        assert min(times) < 0.05


async def test_text_that_means_something_elsewhere_is_only_text(place: Any, tmp_path: Path) -> None:
    """I21, I22: what looks like a template, a format or an address to fetch comes back as it was."""
    words = ["{{7*7}}", "${x}", "%n%s", "{0.__class__}", "<script>x</script>", "'; DROP TABLE patient; --",
             "=cmd|' /C calc'!A0", "\u202egnp.exe", "http://127.0.0.1:1/never"]  # fmt: skip
    async with hostile_field(place, tmp_path) as field:
        for number, word in enumerate(words):
            tree = {
                "resourceType": "DiagnosticReport",
                "status": "final",
                "identifier": [{"system": "urn:lab", "value": f"T-{number}"}],
                "code": {"text": word},
                "subject": {"reference": f"Patient/{field.patient}"},
                "conclusion": word,
                "presentedForm": [
                    {"contentType": "text/plain", "url": "http://127.0.0.1:1/x", "title": word}
                ],
            }
            made = await field.client.post("/fhir/DiagnosticReport", json=tree)
            assert made.status_code == 201, made.text
            read = (await field.client.get(f"/fhir/DiagnosticReport/{made.json()['id']}")).json()
            assert read["conclusion"] == read["code"]["text"] == word
            assert read["presentedForm"][0]["url"] == "http://127.0.0.1:1/x"


async def test_a_number_comes_back_as_it_was_sent(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        for text in (
            "5.10",
            "1.0e-2",
            "1E3",
            "-0.0",
            "0.00000001",
            "1.000000000000000000E-245",
            "0e0",
        ):
            sent = (RESULT % field.patient).replace(VALUE, text)
            made = await field.client.post("/fhir/Observation", content=sent.encode())
            assert made.status_code == 201, made.text
            key = made.json()["id"]
            read = await field.client.get(f"/fhir/Observation/{key}")
            assert f'"value":{text},' in read.text
            patch = b'[{"op":"add","path":"/note","value":[{"text":"x"}]}]'
            changed = await field.client.patch(
                f"/fhir/Observation/{key}",
                content=patch,
                headers={"Content-Type": "application/json-patch+json"},
            )
            assert f'"value":{text},' in changed.text
            path = f"/fhir/Observation?patient={field.patient}&_id={key}&_elements=value"
            found = await field.client.get(path)
            assert f'"value":{text},' in found.text
