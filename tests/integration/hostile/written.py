"""Text that means something elsewhere, somebody whose record is full of it, and a page's tags."""

from html.parser import HTMLParser
from typing import Any

from tests.security.callers import Filled

TAGS = '<script>alert("x")</script><img src=x onerror=alert(1)>'
QUOTES = "\"'><svg onload=alert(1)> ' onmouseover='alert(1)"
TEMPLATE = "{{7*7}} ${7*7} {%% for x in y %%} {0.__class__} %n%s <%= 7*7 %>"
TURNED = "\u202egnp.exe\u202c \u2066x\u2069"
SHEET = "=cmd|' /C calc'!A0"
HOSTILE = (
    TAGS,
    QUOTES,
    TEMPLATE,
    TURNED,
    SHEET,
    "javascript:alert(1)",
    "</title></textarea>--><b>",
)


async def patient_named(found: Filled, name: str) -> str:
    """Somebody whose record says this wherever it may say something; they are treated here."""
    writer = found.caller("system/*.cruds").http

    async def made(tree: dict[str, Any]) -> str:
        answer = await writer.post(f"/fhir/{tree['resourceType']}", json=tree)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    patient = {
        "resourceType": "Patient",
        "name": [{"text": name}],
        "birthDate": "1970-01-02",
        "identifier": [{"system": "urn:x", "value": name}],
        "address": [{"text": name}],
        "telecom": [{"system": "phone", "value": name}],
    }
    key = await made(patient)
    about = {"reference": f"Patient/{key}"}
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    await made(
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"system": act, "code": "IMP"},
            "subject": about,
            "period": {"start": "2026-06-01T08:00:00+08:00"},
        }
    )
    code = {
        "coding": [{"system": "http://loinc.org", "code": "2823-3", "display": name}],
        "text": name,
    }
    result = {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": about,
        "effectiveDateTime": "2026-06-01T08:00:00+08:00",
        "valueQuantity": {"value": 4.1, "unit": name[:40]},
        "note": [{"text": name}],
        "method": {"text": name},
        "performer": [{"display": name}],
        "referenceRange": [{"text": name}],
    }
    await made(result)
    await made(
        {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": name},
            "subject": about,
            "effectiveDateTime": "2026-06-01T08:00:00+08:00",
            "conclusion": name,
            "presentedForm": [{"contentType": "text/plain", "title": name, "data": "QUJD"}],
        }
    )
    return key


class Shape(HTMLParser):
    """The tags of a page with the names of their attributes, in order; addresses apart."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [
            value or "" for name, value in attrs if name in {"href", "src", "action", "formaction"}
        ]


def shape(text: str) -> Shape:
    found = Shape()
    found.feed(text)
    found.close()
    return found


def check_inert(text: str, told: object) -> None:
    """No address of a page leads into a script or away, and no tag of the hostile texts is one."""
    for address in shape(text).addresses:
        assert not address.strip().lower().startswith(("javascript:", "data:", "//")), told
    for raw in ("<script>alert", "onerror=alert(1)>", "<svg onload"):
        assert raw not in text, told
