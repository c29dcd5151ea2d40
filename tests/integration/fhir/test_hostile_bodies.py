"""Bodies that attack the reader or the model: refused by name, and nothing is kept of them.

NUL, duplicate members, numbers, depth and size, encodings, another type, unknown elements.
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
    _json("escaped NUL", UNIT, f'"{ECHO}\\u0000"', reason="enc"),
    _json("raw NUL", UNIT, f'"{ECHO}\0"'),
    _json("raw control character", UNIT, f'"{ECHO}\x1b[31m"'),
    _json("duplicate member", '"status":', f'"status":"{ECHO}","status":'),
    _json("duplicate within", '"unit":', f'"unit":"{ECHO}","unit":'),
    _json("duplicate by an escape", '"unit":', f'"\\u0075nit":"{ECHO}","unit":'),
    _json("duplicate with a colon in an escape", UNIT, f'"{ECHO}\\u003a","unit":"x"'),
    *map(_value, ("NaN", "Infinity", "-Infinity", "1e400", "1e-400", "-1E999999999", "-0")),
    *map(_value, ("1" * 5000, "1" * 19, "0." + "1" * 5000)),
    *(_json(f"a number {text}", VALUE, text) for text in ("01", ".5", "5.", "+5", "0x5", "5e", "--5")),
    _json("depth 33", UNIT, "[" * 31 + f'"{ECHO}"' + "]" * 31),
    _bytes("brackets", lambda _: b"[" * 200_000, "json"),
    _bytes("objects", lambda _: b'{"a":' * 200_000, "json"),
    _json("60,000 values", UNIT, '"mmol/L","note":[' + "1," * 60_000 + "1]"),
    _bytes("byte order mark", lambda text: b"\xef\xbb\xbf" + text.encode()),
    _bytes("UTF-16", lambda text: text.encode("utf-16")),
    _bytes("UTF-16 without mark", lambda text: text.encode("utf-16-le")),
    _bytes("UTF-32", lambda text: text.encode("utf-32")),
    _bytes("GB18030", lambda text: text.encode("gb18030")),
    _bytes("overlong", lambda text: text.encode().replace(b"mmol/L", b"\xc0\xaf")),
    _bytes("raw surrogate", lambda text: text.encode().replace(b"mmol/L", b"\xed\xa0\x80")),
    _json("half a character", UNIT, f'"{ECHO}\\ud83d"', reason="enc"),
    _json("halves reversed", UNIT, f'"{ECHO}\\ude00\\ud83d"', reason="enc"),
    _bytes("nothing", lambda _: b"", "json"),
    _bytes("half", lambda text: text.encode()[:-9], "json"),
    _bytes("two", lambda text: text.encode() * 2, "json"),
    _bytes("a list", lambda text: f"[{text}]".encode(), "json"),
    _bytes("a text", lambda _: f'"{ECHO}"'.encode(), "json"),
    _bytes("null", lambda _: b"null", "json"),
    _bytes("XML", lambda _: f"<Observation>{ECHO}</Observation>".encode(), "json"),
    _json("null within", UNIT, "null"),
    _type("another type", '"resourceType":"Patient"'),
    _type("no type", f'"x":"{ECHO}"'),
    _type("types", '"resourceType":["Observation"]'),
    _type("lower case", '"resourceType":"observation"'),
    _type("a number", '"resourceType":1'),
    _type("what is no name", f'"resourceType":"{ECHO}"'),
    _element("unknown element", f'"colour":"{ECHO}"'),
    _element("prototype", f'"__proto__":{{"admin":"{ECHO}"}}'),
    _element("constructor", f'"constructor":{{"prototype":"{ECHO}"}}'),
    _element("unknown within", f'"method":{{"text":"x","colour":"{ECHO}"}}'),
    _element(
        "unknown modifier",
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
    """What looks like a template, a format or an address to fetch comes back as it was."""
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
