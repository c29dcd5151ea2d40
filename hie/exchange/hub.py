"""Hub: the opened parts each verb is handed; data, no methods.

`hie.app` opens it, verbs use it, nobody else builds one but tests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from hie.adapter import Adapter
from hie.exchange.arriving import Arriving
from hie.exchange.books_in_force import BooksInForce
from hie.exchange.fetched import Fetched
from hie.exchange.register_cache import RegisterCache
from hie.oauth.entrance import Entrance
from hie.recognition.catalogue import Catalogue
from hie.recognition.rulebook import Rulebook
from hie.settings import Settings
from hie.store.database import Database
from hie.store.ledger import Ledger
from hie.terminology.units import ItemUnits


@dataclass(frozen=True)
class Hub:
    """An opened hub.

    `registers` keeps the registers of the newest import in memory and notices a newer one;
    `books` are what order-checks are answered from, kept once by their hash;
    `item_units` and `loinc` are the catalogue as builders need it; `page_key` signs page tokens;
    `wake` is set when a message was kept, so that the worker in this process looks at once;
    `arriving` are the instances of this process that wait to be kept, `fetched` those it has from
    their sources for a while; `at_close` is done when the hub closes, before its database does.
    """

    settings: Settings
    db: Database
    ledger: Ledger
    entrance: Entrance
    adapters: Mapping[str, Adapter]
    catalogue: Catalogue
    rulebook: Rulebook
    books: BooksInForce
    registers: RegisterCache
    page_key: bytes
    item_units: Mapping[str, ItemUnits]
    loinc: Mapping[str, tuple[str, bool]]
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    arriving: Arriving = field(default_factory=Arriving)
    fetched: Fetched = field(default_factory=Fetched)
    at_close: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
