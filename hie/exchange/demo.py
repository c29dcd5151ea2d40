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
from hie.synthetic import Manifest

SCOPES = [
    "system/*.rs",
    "hie/intake",
    "hie/order-check",
    "hie/decide",
    "hie/messages",
    "hie/maps",
    "hie/registers",
]
Told = Callable[[str, int, int], None]  # what, done, of how many


async def fill(hub: Hub, region: Manifest, told: Told) -> dict[str, Any]:
    """Registers, sites, maps, clients, people, then every message; what to sign in with."""
    folder = hub.settings.data_dir / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    await run(
        hub,
        "register-import",
        {"files": [_packed(file) for file in region.registers], "dry_run": False},
    )
    people = []
    for site in region.sites:
        await run(
            hub,
            "site-add",
            {
                "site": site.site,
                "institution": site.institution,
                "adapter": site.adapter,
                "profile": site.profile.read_text("utf-8"),
            },
        )
        if site.code_map is not None:
            await run(
                hub,
                "map-import",
                {
                    "site": site.site,
                    "name": site.code_map.name,
                    "content": site.code_map.read_text("utf-8-sig"),
                    "approve": True,
                },
            )
        people.append(await _person_and_client(hub, site.site, site.institution, folder))
    for site in region.sites:
        files = sorted(file for file in site.messages.rglob("*") if file.is_file())
        for start in range(0, len(files), 50):
            batch = [_packed(file) for file in files[start : start + 50]]
            await run(hub, "receive", {"site": site.site, "files": batch})
            told(site.site, min(start + 50, len(files)), len(files))
    answer = {"sign_ins": people}
    _write(folder / "sign-ins.json", json.dumps(answer, ensure_ascii=False, indent=2).encode())
    return answer


async def _person_and_client(hub: Hub, site: str, institution: str, folder: Path) -> dict[str, str]:
    """A clinician and a client system of one institution."""
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
    return {"login": login, "password": password, "institution": institution, "client": client}


def _packed(file: Path) -> dict[str, str]:
    return {"name": file.name, "content": base64.b64encode(file.read_bytes()).decode()}


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
