"""Fill a new hub with the synthetic region, through the same doors as a hospital's data.

Every key and password is made here and now; none is a default. They lie in files of mode 0600
below the data directory, so the next start finds them.
"""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import Manifest, SiteFiles

SCOPES = [
    "system/*.cruds",
    "hie/intake",
    "hie/order-check",
    "hie/decide",
    "hie/indicators",
    "hie/messages",
    "hie/maps",
    "hie/registers",
]
Told = Callable[[int, int], None]  # files done, of how many
_AT_ONCE = 50


async def fill(hub: Hub, region: Manifest, told: Told) -> dict[str, Any]:
    """Registers, sites, maps, clients, people, then every message; what to sign in with."""
    folder = hub.settings.data_dir / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    await run(
        hub,
        "register-import",
        {"files": [_packed(file) for file in region.registers], "dry_run": False},
    )
    people: list[dict[str, str]] = []
    for site in region.sites:
        await _site(hub, site)
        if all(one["institution"] != site.institution for one in people):
            people.append(await _person_and_client(hub, site, folder))
    await _messages(hub, region, told)
    answer = {"sign_ins": people}
    keep_sign_ins(hub, answer)
    return answer


def keep_sign_ins(hub: Hub, answer: dict[str, Any]) -> None:
    """What to sign in with, for the next start: in a file of the data directory, mode 0600."""
    path = hub.settings.data_dir / "demo" / "sign-ins.json"
    _write(path, json.dumps(answer, ensure_ascii=False, indent=2).encode())


async def _site(hub: Hub, site: SiteFiles) -> None:
    profile = site.profile.read_text("utf-8")
    facts = {"site": site.site, "institution": site.institution, "adapter": site.adapter}
    await run(hub, "site-add", {**facts, "profile": profile})
    if site.code_map is not None:
        content = site.code_map.read_text("utf-8-sig")
        named = {"site": site.site, "name": site.code_map.name, "content": content}
        await run(hub, "map-import", {**named, "approve": True})


async def _messages(hub: Hub, region: Manifest, told: Told) -> None:
    """Every message and picture, site by site, in the order of their release."""
    every = [
        (site, sorted(file for file in site.messages.rglob("*") if file.is_file()))
        for site in region.sites
    ]
    total, done = sum(len(files) for _, files in every), 0
    for site, files in every:
        for start in range(0, len(files), _AT_ONCE):
            batch = files[start : start + _AT_ONCE]
            await run(
                hub, "receive", {"site": site.site, "files": [_packed(file) for file in batch]}
            )
            done += len(batch)
            told(done, total)


async def _person_and_client(hub: Hub, of: SiteFiles, folder: Path) -> dict[str, str]:
    """A clinician and a client system of one institution."""
    site, institution = of.site, of.institution
    login, password = f"doctor-{site}", secrets.token_urlsafe(12)
    await run(
        hub,
        "user-add",
        {
            "login": login,
            "name": f"{site} 医生（合成）",
            "role": "clinician",
            "institution": institution,
            "department": "",
            "password": password,
        },
    )
    key = ec.generate_private_key(ec.SECP384R1())
    _write(
        folder / f"{site}.pem",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    client = f"{site}.his"
    await run(
        hub,
        "client-add",
        {
            "client": client,
            "institution": institution,
            "key": {"pem": public.decode()},
            "scopes": SCOPES,
            "name": f"{site} HIS",
            "purposes": ["TREAT"],
        },
    )
    return {
        "login": login,
        "password": password,
        "institution": institution,
        "name": of.name,
        "client": client,
    }


def _packed(file: Path) -> dict[str, str]:
    return {"name": file.name, "content": base64.b64encode(file.read_bytes()).decode()}


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
