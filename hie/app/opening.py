"""An opened hub: settings, rules, tables, keys and registers, made ready together.

Raises what is wrong before anything is served or written.
"""

import contextlib
import gc
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path

from hie.errors import HubMisconfigured, RulebookInvalid
from hie.exchange.books_in_force import BooksInForce
from hie.exchange.consents_at_start import consents_at_start
from hie.exchange.hub import Hub
from hie.exchange.loading_times import loading_of
from hie.exchange.plugins import load_adapters
from hie.exchange.publish_definitions import publish_definitions
from hie.exchange.quick_start import start
from hie.exchange.register_cache import RegisterCache
from hie.fhir.elements import instant
from hie.logs import configure
from hie.oauth.entrance import open_entrance
from hie.oauth.frames import check_origins
from hie.oauth.jwks_fetch import key_fetcher
from hie.oauth.rotation import open_ring
from hie.recognition.rulebook_check import require_rulebook
from hie.recognition.sources import Sources
from hie.schemas import use_folder
from hie.settings import Settings
from hie.store import migrate as migrations
from hie.store.database import Database
from hie.store.key_providers import FileProvider, KeyProvider
from hie.store.ledger import Ledger
from hie.store.pkcs11_provider import Moving, Pkcs11Provider
from hie.store.relation_marks import mark_at_start
from hie.store.suites import NAMES


def schema_versions(settings: Settings) -> tuple[str | None, str]:
    """The revision the database has, and the one this version wants."""
    place = (settings.database_url, settings.data_dir, settings.database_password_file)
    return migrations.current(*place), migrations.head()


def migrated(settings: Settings) -> None:
    """Bring the database to this version's tables; a second call changes nothing."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    migrations.migrate(settings.database_url, settings.data_dir, settings.database_password_file)


def rules_at_start(settings: Settings) -> Sources:
    """Rules, catalogue, policy and texts, a region's own over the shipped ones.

    Raises RulebookInvalid with file, line and reason of every fault, HubMisconfigured.
    """
    use_folder(settings.rulebook_dir)
    if settings.rulebook_dir is not None:
        require_rulebook(settings.rulebook_dir)
    try:
        return start(settings.data_dir)
    except RulebookInvalid:
        require_rulebook(settings.rulebook_dir)  # says where
        raise


def key_provider(settings: Settings) -> KeyProvider | None:
    """What wraps the data keys; None: files below the data directory. Raises HubMisconfigured.

    Where a module is new, the files still open what they wrapped.
    """
    if settings.key_provider == "file":
        return None
    if settings.pkcs11_module is None or settings.pkcs11_pin_file is None:
        raise HubMisconfigured("key_provider pkcs11 needs pkcs11_module and pkcs11_pin_file")
    module = Pkcs11Provider(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin_file)
    return Moving(module, FileProvider(settings.data_dir / "keys", make=False))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Hub]:
    """An opened hub: database migrated, keys made at first start; closed when the block is left.

    Raises HubMisconfigured, DataDirectoryBusy, Unavailable.
    """
    configure(settings.log_level)
    sources, adapters = rules_at_start(settings), load_adapters()
    has, wants = schema_versions(settings)
    if has is None or (settings.database_url is None and has != wants):
        migrated(settings)
    db = await Database.open(
        settings.database_url,
        settings.data_dir,
        password_file=settings.database_password_file,
        provider=key_provider(settings),
        suite=NAMES[settings.cipher_suite],
    )
    ledger = Ledger(db)
    # The cyclic collector was half of the cost of taking messages in: what is loaded stays, and
    # a batch's trees die by reference count.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    loading_of(db).target = settings.images_target_seconds
    try:
        registers = RegisterCache(db)

        async def status(code: str) -> str | None:
            held, _ = await registers.current()
            row = held.institution(code, _day_of(int(time.time()) // 3600))
            return None if row is None else row.status

        check_origins(settings.frame_origins, settings.address)
        entrance = open_entrance(
            db,
            ledger,
            open_ring(settings.data_dir),
            settings.address,
            status,
            rate_limits=settings.rate_limits,
            metrics_token=_secret(settings.metrics_token_file),
            gateway_secret=_secret(settings.gateway_secret_file),
            dual_control=settings.dual_control,
            fetcher=key_fetcher(settings.outbound_networks, settings.outbound_ca_file),
        )
        hub = Hub(
            settings=settings,
            db=db,
            ledger=ledger,
            entrance=entrance,
            adapters=adapters,
            catalogue=sources.catalogue,
            rulebook=sources.rulebook,
            books=BooksInForce(sources),
            registers=registers,
            page_key=_page_key(settings.data_dir),
            item_units={key: item.units for key, item in sources.catalogue.items.items()},
            loinc={
                code: found
                for item in sources.catalogue.items.values()
                for code in (*item.loinc_confirmed, *item.loinc_unconfirmed)
                if (found := sources.catalogue.item_of_loinc(code)) is not None
            },
        )
        db.loinc = {
            code: (item, "confirmed" if is_confirmed else "unconfirmed")
            for code, (item, is_confirmed) in hub.loinc.items()
        }
        await publish_definitions(hub)
        await consents_at_start(db, settings)
        await mark_at_start(db)
        try:
            yield hub
        finally:
            for close in (*hub.at_close, hub.fetched.close):
                await close()
    finally:
        await ledger.close()
        await db.close()


@lru_cache(maxsize=8)
def _day_of(hour: int) -> date:
    """The hub's day of an hour since 1970: its zone is a whole number of hours from UTC."""
    return instant(hour * 3_600_000_000).date()


def _secret(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text("utf-8").strip()
    except OSError as problem_:
        raise HubMisconfigured(f"{file}: {problem_.strerror}") from problem_


def _page_key(data_dir: Path) -> bytes:
    """The key page tokens are signed with; made at first start, mode 0600."""
    path = data_dir / "keys" / "page.key"
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()
