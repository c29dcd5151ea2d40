"""A hub as its users meet it: on a port, with a client registered, a token and a patient's results.

The patient is invented.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.app import opened
from hie.exchange.commands import run
from tests.integration.imaging.support import free_port, serving, settings_of
from tests.places import Place, elsewhere

INSTITUTION = "91110000802100433B"
CLIENT = "app"
SCOPES = ["system/*.cruds", "hie/order-check"]
NAME = "欧阳示例"
RESULTS = 25
NUMBERS = "urn:oid:2.16.156.1.9.1"


@dataclass(frozen=True)
class Connected:
    """Where the hub answers, the token a client was given, and the patient who is there."""

    base: str  # ends in /fhir
    token: str
    patient: str
    assertion: Callable[[], str]

    @property
    def environment(self) -> dict[str, str]:
        """The same for a script."""
        return {"HUB": self.base, "TOKEN": self.token, "PATIENT": self.patient}


@contextmanager
def connected(place: Place) -> Iterator[Connected]:
    """`hie serve` on this database, with a client of one institution."""
    key = ec.generate_private_key(ec.SECP384R1())
    settings = settings_of(place, port=free_port(), dicom_port=free_port())

    async def registered() -> None:
        async with opened(settings) as hub:
            pem = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            asked: dict[str, Any] = {
                "client": CLIENT,
                "institution": INSTITUTION,
                "key": {"pem": pem.decode()},
                "scopes": SCOPES,
                "name": CLIENT,
                "purposes": ["TREAT"],
            }
            kids.extend((await run(hub, "client-add", asked))["kids"])

    kids: list[str] = []
    elsewhere(registered)
    with serving(settings):
        base = f"{settings.address}/fhir"
        assertion = partial(_assertion, settings.address, key, kids[0])
        token = _token(settings.address, assertion())
        yield Connected(base, token, _filled(base, token), assertion)


def _assertion(address: str, key: ec.EllipticCurvePrivateKey, kid: str) -> str:
    """What a client proves itself with, as docs/access.md says (SMART Backend Services)."""
    now = int(time.time())
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": f"{address}/oauth/token", "iat": now}
    claims |= {"exp": now + 240, "jti": str(uuid.uuid4())}
    return jwt.encode(claims, key, "ES384", {"kid": kid})


def _token(address: str, assertion: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    answer = httpx.post(f"{address}/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def _filled(base: str, token: str) -> str:
    """A patient with a report and its results, in one transaction; the patient's id."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    answer = httpx.post(base, content=laboratory(), headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["entry"][0]["resource"]["id"])


def laboratory() -> str:
    """The transaction as text: the digits of its numbers are part of it."""
    results = ",".join(_entry("Observation", f"o{n}", _result(n)) for n in range(RESULTS))
    members = ",".join(f'{{"reference":"urn:uuid:o{n}"}}' for n in range(RESULTS))
    patient = (
        f'"identifier":[{{"system":"{NUMBERS}","value":"C-1"}}],"name":[{{"text":"{NAME}"}}],'
        '"gender":"female","birthDate":"1949-12-31"'
    )
    report = (
        '"identifier":[{"system":"urn:lab","value":"D-1"}],"status":"final","code":{"text":"电解质"},'
        f'"subject":{{"reference":"urn:uuid:p"}},"result":[{members}]'
    )
    entries = [_entry("Patient", "p", patient), results, _entry("DiagnosticReport", "d", report)]
    return f'{{"resourceType":"Bundle","type":"transaction","entry":[{",".join(entries)}]}}'


def _entry(kind: str, name: str, members: str) -> str:
    return (
        f'{{"fullUrl":"urn:uuid:{name}","resource":{{"resourceType":"{kind}",{members}}},'
        f'"request":{{"method":"POST","url":"{kind}"}}}}'
    )


def _result(n: int) -> str:
    code, text = ("2823-3", "钾") if n % 2 else ("2951-2", "钠")
    return (
        f'"identifier":[{{"system":"urn:lab","value":"R-{n}"}}],"status":"final",'
        f'"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}],"text":"{text}"}},'
        f'"subject":{{"reference":"urn:uuid:p"}},"effectiveDateTime":"2026-05-{n + 1:02d}T08:00:00+08:00",'
        f'"valueQuantity":{{"value":{n}.10,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}'
    )
