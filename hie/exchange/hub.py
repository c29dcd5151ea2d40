"""Hub: the opened parts each verb is handed; data, no methods.

`hie.app` opens it, verbs use it, nobody else builds one but tests.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hie.adapter import Adapter
from hie.recognition.catalogue import Catalogue
from hie.recognition.rulebook import Rulebook
from hie.settings import Settings
from hie.store.database import Database
from hie.store.ledger import Ledger

if TYPE_CHECKING:
    from hie.exchange.register_cache import RegisterCache


@dataclass(frozen=True)
class Hub:
    """An opened hub.

    `registers` keeps the registers of the newest import in memory and notices a newer one;
    `wake` is set when a message was kept, so that the worker in this process looks at once.
    """

    settings: Settings
    db: Database
    ledger: Ledger
    adapters: Mapping[str, Adapter]
    catalogue: Catalogue
    rulebook: Rulebook
    registers: "RegisterCache"
    page_key: bytes
    wake: asyncio.Event = field(default_factory=asyncio.Event)
