"""Look for what is wrong with an installation: one line a check, in words to act on."""

import asyncio
import shutil
import stat
import time
from typing import Any

from hie.access.actor import Actor
from hie.errors import HubError
from hie.exchange.hub import Hub
from hie.oauth.dual_control import is_demanded, now_us
from hie.oauth.oidc_sign_in import offered_providers
from hie.recognition.rulebook_check import check_rulebook
from hie.recognition.sources import read_files, shipped_files
from hie.settings import Settings
from hie.store import (
    all_sealed,
    message_list,
    proposals,
    register_looks,
    registers,
    sites,
    studies,
    study_sources,
)
from hie.store.messages import State
from hie.store.migrate import head

_FREE = 1 << 30
_OLD_US = 300 * 1_000_000


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """{} -> {checks: [{check, ok, text}]}."""
    rules = await asyncio.to_thread(_rulebook, hub)  # a long catalogue takes seconds to look at
    async with hub.db.reading() as reader:
        counts = await message_list.count(reader)
        oldest = await message_list.oldest_waiting_us(reader)
        version = await registers.version(reader)
        unseen = await register_looks.unseen(reader)
        revision = await reader.fetchval("SELECT version_num FROM alembic_version")
        named = {one.site.adapter for one in await sites.every(reader)}
        waiting_studies = await studies.held_count(reader)
        away, refused = await study_sources.wrong(reader)
        is_sealed = await all_sealed.is_noted(reader) and await all_sealed.is_bound(reader)
    waits = 0 if oldest is None else (time.time_ns() // 1000 - oldest) // 1_000_000
    held = counts.get(State.HELD, 0)
    missing = sorted(named - set(hub.adapters))
    silent, known = await _providers(hub)
    free = shutil.disk_usage(hub.settings.data_dir).free
    loose = _loose(hub.settings)
    return {
        "checks": [
            _check("database", True, f"{hub.db.dialect} answers"),
            _check("migrations", revision == head(), _tables(revision)),
            _check("adapters", bool(hub.adapters) and not missing, _adapters(hub, missing)),
            rules,
            _check("registers", version > 0 and not unseen, _registers(version, unseen)),
            _check("waiting", waits * 1_000_000 < _OLD_US, f"oldest message waits {waits} s"),
            _check("held", True, f"{held} messages wait for a person"),
            _check("studies", not waiting_studies, _studies(waiting_studies)),
            _check("sign-in", not silent, _sign_in(silent, known)),
            await _registration(hub, actor),
            _check("sources", not (away or refused), _sources(away, refused)),
            _check("keys", not loose, f"others may read {loose}" if loose else "mode 0600"),
            _check("sealed", is_sealed, _sealed(is_sealed)),
            _check("disk", free > _FREE, f"{free >> 20} MiB free"),
        ]
    }


def _loose(settings: Settings) -> list[str]:
    """Files with secrets that others than the hub's own account may read."""
    folder = settings.data_dir / "keys"
    given = [
        settings.database_password_file, settings.metrics_token_file, settings.pkcs11_pin_file,
        settings.dicom_tls_key, settings.mllp_tls_key_file,
    ]  # fmt: skip
    secrets = [folder, *sorted(folder.iterdir()), *(one for one in given if one is not None)]
    return [
        one.name for one in secrets if one.exists() and stat.S_IMODE(one.stat().st_mode) & 0o077
    ]


def _sealed(is_sealed: bool) -> str:
    if is_sealed:
        return "everything is sealed, and bound to its label"
    return "what is in clear or bound to no label is still taken: hie datakey reencrypt ends it"


def _rulebook(hub: Hub) -> dict[str, Any]:
    """The files as they lie there now: what a new start would find, and whether it is in force."""
    folder = hub.settings.rulebook_dir
    try:
        report = check_rulebook(folder)
        lies_there = {} if report.faults else read_files(shipped_files())
    except HubError as error:
        return _check("rulebook", False, error.text)
    if report.faults:
        more = len(report.faults) - 1
        text = f"{report.faults[0]}" + (f" (and {more} more: hie rulebook check)" if more else "")
        return _check("rulebook", False, text)
    counts = ", ".join(f"{number} {what}" for what, number in report.counts.items())
    own = f", {folder} over the shipped files" if folder is not None else ""
    in_force = lies_there == hub.books.sources.trees
    late = "" if in_force else "; changed since the hub started: start it again"
    return _check("rulebook", in_force, f"{counts}{own}{late}")


async def _providers(hub: Hub) -> tuple[list[str], int]:
    """The identity providers that do not answer as they are pinned, and how many there are."""
    offered, silent = await offered_providers(hub.entrance), []
    for one in offered:
        try:
            await hub.entrance.providers.configuration(one)
        except HubError:
            silent.append(one.id)
    return silent, len(offered)


async def _registration(hub: Hub, actor: Actor) -> dict[str, Any]:
    """Whether what lets clients do more takes two people, where others than this machine call."""
    async with hub.db.reading() as reader:
        two = await is_demanded(hub.entrance, reader)
        waits = len(await proposals.waiting(reader, now_us(hub.entrance))) if two else 0
    if two:
        unknown = "" if actor.names else "; the machine cannot tell who you are"
        text = f"takes two operators; waiting: {waits}{unknown}"
        return _check("registration", True, text)
    alone = hub.settings.on_loopback and hub.entrance.on_loopback
    text = "takes one operator" + ("" if alone else ": others call this hub, set dual_control")
    return _check("registration", alone, text)


def _sign_in(silent: list[str], known: int) -> str:
    if silent:
        return f"{', '.join(silent)}: no answer, or not of the registered issuer"
    return f"identity providers that answer: {known}" if known else "no identity provider"


def _registers(version: int, unseen: list[int]) -> str:
    if unseen:
        return f"import {unseen[0]}: look what it touches, hie register touched {unseen[0]}"
    return f"import {version}" if version else "none imported"


def _tables(revision: str | None) -> str:
    if revision == head():
        return f"tables of revision {revision}"
    return f"tables of revision {revision}, this version wants {head()}: hie migrate"


def _adapters(hub: Hub, missing: list[str]) -> str:
    if missing:
        return f"sites need {', '.join(missing)}, which is not installed"
    return ", ".join(sorted(hub.adapters)) or "none installed"


def _studies(held: int) -> str:
    if not held:
        return "none is held"
    return f"{held} held: hie message ls --state held, then hie message replay"


def _sources(away: list[str], refused: int) -> str:
    told = [f"the archive of {', '.join(away)} does not answer"] if away else []
    told += [f"{refused} studies whose images an archive refuses"] if refused else []
    return "; ".join(told) or "every archive gives what it keeps"


def _check(name: str, ok: bool, text: str) -> dict[str, Any]:
    return {"check": name, "ok": ok, "text": text}
