"""`make conformance`: the official R4 examples written to a hub and read back, as a table.

    python -m tests.r4 [FOLDER OF THE PACKAGE] [docs/conformance-r4.md]

A client that may choose ids and leave references open writes each example of a served type. What
is accepted must come back with the same values and digits; what is refused is listed with its
reason. Then every search parameter is asked with every modifier, and the page of all of them is
written beside it. Ends with 1 when a value was changed on the way, or a search answered otherwise.
"""

import asyncio
import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.app import migrated, opened, web_app
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.settings import Settings
from hie.store.search.registry import PARAMETERS
from tests.r4.examples import PACKAGE, exact, examples, fetched
from tests.r4.search_table import asked_all, definitions
from tests.r4.search_table import page as search_page

INSTITUTION = "12110102400000101U"
SEARCH = "conformance-search.md"
_OFTEN = 300  # examples
SCOPES = ["system/*.cruds", "hie/client-ids", "hie/open-references"]


async def main(package: Path, document: Path | None) -> int:
    """Write and read every example; the exit code."""
    kinds = frozenset(PARAMETERS)
    written: Counter[str] = Counter()
    refused: dict[str, list[tuple[str, str]]] = defaultdict(list)
    changed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), rate_limits=False)
        migrated(settings)
        async with opened(settings) as hub:
            transport = httpx.ASGITransport(app=web_app(hub))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8000", headers=await _headers(hub)
            ) as client:
                for number, (name, text) in enumerate(examples(package, kinds)):
                    if number % _OFTEN == 0:  # a token holds five minutes
                        client.headers["Authorization"] = await _token(hub)
                    tree = json.loads(text)
                    url = f"/fhir/{tree['resourceType']}/{tree['id']}"
                    answer = await client.put(url, content=text.encode())
                    if answer.status_code not in (200, 201):
                        refused[tree["resourceType"]].append((name, _reason(answer)))
                        continue
                    written[tree["resourceType"]] += 1
                    back = await client.get(url)
                    if back.status_code != 200 or exact(back.text) != exact(text):
                        changed.append(name)
                client.headers["Authorization"] = await _token(hub)
                faults = await _searched(hub, client)
    table = _table(written, refused, changed)
    sys.stdout.write(table)
    sys.stdout.write(search_page())
    sys.stdout.writelines(f"search: {fault}\n" for fault in faults)
    if document is not None:
        document.write_text(table, "utf-8")
        document.with_name(SEARCH).write_text(search_page(), "utf-8")
    return 1 if changed or faults else 0


async def _searched(hub: Hub, client: httpx.AsyncClient) -> list[str]:
    """Every search parameter asked with every modifier; what went otherwise than the page says."""
    for tree in definitions():
        answer = await client.put(f"/fhir/{tree['resourceType']}/{tree['id']}", json=tree)
        answer.raise_for_status()
    return [fault for kind in sorted(PARAMETERS) for fault in await asked_all(hub, client, kind)]


async def _token(hub: Hub) -> str:
    token = await run(hub, "client-token", {"client": "r4", "scopes": None})
    return f"Bearer {token['access_token']}"


async def _headers(hub: Hub) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {
        "client": "r4", "name": "r4", "institution": INSTITUTION, "scopes": SCOPES,
        "key": {"pem": pem.decode()}, "purposes": ["TREAT"],
    }  # fmt: skip
    await run(hub, "client-add", asked)
    return {
        "Authorization": await _token(hub),
        "Content-Type": "application/fhir+json",
        "Accept": "application/fhir+json",  # of a Binary the resource, not what it holds
    }


def _reason(answer: httpx.Response) -> str:
    try:
        issue = answer.json()["issue"][0]
    except (ValueError, KeyError):
        return f"{answer.status_code}"
    return f"{(issue.get('expression') or ['-'])[0]}: {issue.get('diagnostics', '')}"


def _table(
    written: Counter[str], refused: dict[str, list[tuple[str, str]]], changed: list[str]
) -> str:
    total = sum(written.values()) + sum(map(len, refused.values()))
    lines = [
        "# The official R4 examples",
        "",
        f"`make conformance` writes every example of the package `{PACKAGE}` of a served type to a hub, as a client with `hie/client-ids` and",
        "`hie/open-references`, and reads it back. It must come back with the same values and digits.",
        "",
        f"Of {total} examples {sum(written.values())} were accepted, {len(changed)} came back changed.",
        "",
        "| type | accepted | refused |",
        "|---|---|---|",
        *(f"| {kind} | {written[kind]} | {len(refused[kind])} |" for kind in sorted(PARAMETERS)),
        "",
        "## Refused, and why",
        "",
        "| example | reason |",
        "|---|---|",
        *(
            f"| {name.removesuffix('.json')} | {reason.replace('|', '/')} |"
            for kind in sorted(refused)
            for name, reason in refused[kind]
        ),
    ]
    return "\n".join([*lines, *(f"changed: {name}" for name in changed)]) + "\n"


if __name__ == "__main__":
    FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "data/packages")
    DOCUMENT = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    sys.exit(asyncio.run(main(fetched(FOLDER), DOCUMENT)))
