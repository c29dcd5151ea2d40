"""Forms the door does not read or write: 415 and 406 for each, and the ones it does."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.hostile import Asked, Attack, check_refused, hostile_field
from tests.integration.fhir.support import bundle_of, entry_of

pytestmark = pytest.mark.anyio

READ = [
    "application/fhir+json",
    "application/json",
    "application/fhir+json; charset=utf-8",
    "application/fhir+json;charset=UTF-8",
    'application/json; charset="utf-8"',
    "Application/FHIR+JSON",
    "application/fhir+json; fhirVersion=4.0",
]
NOT_READ = [
    None,
    "",
    "text/plain",
    "text/html",
    "application/xml",
    "application/fhir+xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/json-patch+json",
    "application/fhir+json; charset=utf-7",
    "application/fhir+json; charset=utf-16",
    "application/fhir+json; charset=gb18030",
    "application/fhir+json; fhirVersion=3.0",
    "application/fhir+ndjson",
    "json",
    "*/*",
]
CODINGS = ["gzip", "br", "deflate", "zstd", "gzip, gzip", "GZIP", "x"]
SPOKEN = [
    None, "", "*/*", "application/*", "application/fhir+json", "application/json", "text/json",
    "application/fhir+json; charset=utf-8", "text/html, */*;q=0.1", "application/fhir+json;q=0.5",
    "application/fhir+xml;q=0.9, application/fhir+json;q=0.8",
]  # fmt: skip
NOT_SPOKEN = [
    "application/fhir+xml", "application/xml", "text/html", "text/turtle", "application/pdf",
    "application/fhir+json;q=0", "application/fhir+ndjson", "image/*",
    "application/fhir+json; fhirVersion=3.0",
]  # fmt: skip


async def test_a_body_is_read_as_json_in_utf_8_or_not_at_all(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        attacks = []
        bundle = json.dumps(
            bundle_of("batch", entry_of("GET", f"Patient/{field.patient}"))
        ).encode()
        for path, content in (
            ("/fhir/Observation", field.result().encode()),
            ("/fhir", bundle),
            ("/fhir/Observation/$validate", field.result().encode()),
        ):
            for media in NOT_READ:
                headers = {"Content-Type": media} if media is not None else {"Content-Type": ""}
                asked = Asked("POST", path, content, headers)
                attacks.append(Attack(f"{media} to {path}", asked, 415, "not-supported", "media"))
        right = iter([*READ] * len(attacks))

        def twin(attack: Attack) -> Asked:
            content = field.result().encode() if "Observation" in attack.asked.path else bundle
            return Asked("POST", attack.asked.path, content, {"Content-Type": next(right)})

        await check_refused(field, attacks, twin)


async def test_a_search_takes_a_form_and_nothing_else(place: Any, tmp_path: Path) -> None:
    form = "application/x-www-form-urlencoded"
    async with hostile_field(place, tmp_path) as field:
        path, content = "/fhir/Observation/_search", f"patient={field.patient}".encode()
        attacks = [
            Attack(
                media,
                Asked("POST", path, content, {"Content-Type": media}),
                415,
                "not-supported",
                "media",
            )
            for media in ("application/json", "text/plain", "multipart/form-data; boundary=x", "")
        ]
        await check_refused(
            field, attacks, lambda _: Asked("POST", path, content, {"Content-Type": form})
        )


async def test_a_body_in_a_coding_is_not_read(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        attacks = [
            Attack(one, Asked(content=field.result().encode(), headers={"Content-Encoding": one}),
                   415, "not-supported", "size")
            for one in CODINGS
        ]  # fmt: skip
        plain = {"Content-Encoding": "identity"}
        await check_refused(
            field, attacks, lambda _: Asked(content=field.result().encode(), headers=plain)
        )


async def test_an_answer_is_json_or_none(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        path = f"/fhir/Patient/{field.patient}"
        attacks = [
            Attack(one, Asked("GET", path, None, {"Accept": one}), 406, "not-supported", "media")
            for one in NOT_SPOKEN
        ]
        attacks += [
            Attack(one, Asked("GET", f"{path}?_format={one}"), 406, "not-supported", "media")
            for one in ("xml", "application/fhir%2Bxml", "html", "ttl", "x")
        ]
        right = iter([*SPOKEN] * len(attacks))

        def twin(_: Attack) -> Asked:
            accept = next(right)
            return Asked("GET", path, None, {} if accept is None else {"Accept": accept})

        await check_refused(field, attacks, twin)
        for one in ("json", "application/json", "application/fhir%2Bjson", "application/fhir+json"):
            answer = await field.ask(
                Asked("GET", f"{path}?_format={one}", None, {"Accept": "text/html"})
            )
            assert answer.headers["content-type"].startswith("application/fhir+json"), one
