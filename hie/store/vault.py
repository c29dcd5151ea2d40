"""Cells sealed for their place: envelope encryption of what lies in the database.

A data key belongs to one owner (an institution, or a site of one), one class of data and one epoch;
it lies in the table `data_key`, wrapped by a key that never does. A sealed cell is suite (1 byte),
data key (4), nonce (12), ciphertext and tag (16). It is bound to table, column, row and owner: in
any other place, or under a row of keys that was altered, it does not open.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag

from hie.errors import Altered, HubError, HubMisconfigured, Unavailable
from hie.store.key_providers import KeyProvider
from hie.store.keys import Keys
from hie.store.suites import NONCE, Decrypt, Encrypt, Suite, ciphers

_HEAD = 1 + 4  # suite, data key
_BODY = _HEAD + NONCE
_SINGLE = bytes([Suite.SINGLE])
HUB = ""  # the owner of what is nobody's, and of what is sealed before its owner has a key
DAYS = 90  # a data key seals so long
MOST = 2**31  # cells one data key seals at most: random nonces of 96 bits stay apart
BLOCK = 2**20  # after so many a process tells how many it sealed
_DAY_US = 86_400_000_000
_LOOK_US = 60_000_000
_AGAIN_US = 10_000_000


class DataClass(StrEnum):
    """What is sealed together: each class has keys of its own."""

    RECORD = "record"  # resources and their history
    MESSAGE = "message"  # what was received, and values found in it
    ORDER = "order"  # order-checks, decisions and what follows from them
    AUDIT = "audit"  # what was asked


@dataclass(slots=True)
class DataKey:
    """One data key as its row has it; unwrapped when it is first used.

    `used`: how many cells other processes and earlier runs sealed; `sealed`: this process, since it
    last told.
    """

    id: int
    owner: str
    klass: str
    epoch: int
    suite: Suite
    provider: str
    wrapped: bytes
    created_us: int
    used: int
    sealed: int = 0

    @property
    def head(self) -> bytes:
        """How its cells begin."""
        return bytes([self.suite]) + self.id.to_bytes(4, "big")

    @property
    def context(self) -> bytes:
        """What it is wrapped for."""
        return f"data_key|{self.id}|{self.owner}|{self.klass}|{self.epoch}".encode()

    def is_worn(self, now_us: int) -> bool:
        """Whether another has to follow it."""
        return now_us >= self.created_us + DAYS * _DAY_US or self.used + 2 * BLOCK >= MOST

    @property
    def is_spent(self) -> bool:
        """Whether it must seal no more, even where another cannot be had."""
        return self.used + self.sealed >= MOST


Wanted = tuple[str, str]  # owner, class
Load = Callable[[], Sequence[DataKey]]


@dataclass(slots=True)
class Vault:
    """Seals and opens cells. `load` reads all rows of `data_key` at once, outside the event loop.

    `single` opens what earlier versions sealed under the one key of the hub.
    """

    provider: KeyProvider
    suite: Suite
    single: Keys
    load: Load
    all_sealed: bool = False  # everything was sealed once (`store.all_sealed`)
    all_bound: bool = False  # and every body of a resource was bound to its label too
    wanted: set[Wanted] = field(default_factory=set)
    due_us: int = 0  # when to look again: a key is worn then, or another process made one
    put_off_us: int = 0  # the provider was away: not before
    making: asyncio.Lock = field(default_factory=asyncio.Lock)  # one task makes keys, all wait
    _known: dict[int, DataKey] = field(default_factory=dict)
    _current: dict[Wanted, DataKey] = field(default_factory=dict)
    _sealing: "dict[Wanted, _Ready]" = field(default_factory=dict)
    _opening: "dict[bytes, _Ready]" = field(default_factory=dict)

    def learn(self, keys: Iterable[DataKey]) -> None:
        """Know these keys; of each owner and class the newest of this hub's suite seals."""
        for one in keys:
            held = self._known.get(one.id)
            if held is None:
                self._known[one.id] = one
            else:
                held.used, held.provider, held.wrapped = one.used, one.provider, one.wrapped
        self._current, self._sealing = {}, {}
        for one in sorted(self._known.values(), key=lambda key: (key.epoch, key.id)):
            if one.suite is self.suite:
                self._current[one.owner, one.klass] = one
        oldest = min((one.created_us for one in self._current.values()), default=0)
        self.due_us = min(oldest + DAYS * _DAY_US, now_us() + _LOOK_US)

    def newest(self, owner: str, klass: str) -> DataKey | None:
        """The key that seals for an owner; None when there is none of its own."""
        return self._current.get((owner, klass))

    def every(self) -> list[DataKey]:
        """All known keys."""
        return list(self._known.values())

    def check(self) -> None:
        """Unwrap the hub's own keys: they are in memory from now on.

        Raises HubMisconfigured when they were wrapped elsewhere, Unavailable when nobody can say.
        """
        for (owner, _), key in self._current.items():
            if owner == HUB:
                try:
                    self._ready(key)
                except (HubMisconfigured, Unavailable):
                    raise
                except HubError as fault:
                    raise HubMisconfigured(f"{fault}: restore `keys/`") from fault

    def worn(self, now_us: int) -> list[Wanted]:
        """Whose keys have to be followed by others."""
        return [place for place, one in self._current.items() if one.is_worn(now_us)]

    def is_due(self) -> bool:
        """Whether to look for keys before the next unit of work."""
        at_us = now_us()
        if not (self.wanted or at_us >= self.due_us):
            return False
        return at_us >= self.put_off_us or not self.can_wait()

    def can_wait(self) -> bool:
        """Whether sealing may go on with the keys there are: the hub's own, and none is spent."""
        own = all((HUB, str(klass)) in self._current for klass in DataClass)
        return own and not any(one.is_spent for one in self._current.values())

    def put_off(self) -> None:
        """The provider is away: go on with the keys there are, and ask again a little later."""
        self.put_off_us = now_us() + _AGAIN_US

    def seal(self, klass: DataClass, owner: str, data: bytes, *place: str) -> bytes:
        """The data sealed for one place (table, column, row): it opens nowhere else.

        An owner without a key has one from the next unit of work on; until then it is the hub's.
        """
        sealing = self._sealing.get((owner, klass)) or self._seals(owner, klass)
        sealing.key.sealed += 1
        if sealing.key.sealed >= BLOCK:
            self.wanted.add((sealing.key.owner, sealing.key.klass))
        nonce = os.urandom(NONCE)
        bound = _told(place).encode("utf-8", "surrogatepass") + sealing.tail
        return sealing.head + nonce + sealing.encrypt(nonce, data, bound)

    def unseal(self, sealed: bytes, *place: str) -> bytes:
        """What was sealed for this place. Raises Altered if it was altered or moved."""
        return self.opened(sealed, *place)[0]

    def opened(self, sealed: bytes, *place: str) -> tuple[bytes, str]:
        """What was sealed for this place, and whose key it was sealed with."""
        if sealed[:1] == _SINGLE:
            return self.single.unseal(sealed, *place), HUB
        return self.opened_at(sealed, _told(place))

    def opened_at(self, sealed: bytes, place: str) -> tuple[bytes, str]:
        """`opened`, for a place in one text; never sealed by an earlier version.

        Its parts are ids, without "|" and without a backslash.
        """
        head = sealed[:_HEAD]
        opening = self._opening.get(head) or self._opens(head)
        bound = place.encode("utf-8", "surrogatepass") + opening.tail
        try:
            return opening.decrypt(sealed[_HEAD:_BODY], sealed[_BODY:], bound), opening.owner
        except (InvalidTag, ValueError) as fault:
            raise Altered(f"{place}: altered, moved, or sealed by other keys") from fault

    def check_clear(self, *place: str) -> None:
        """A cell in clear is what an earlier version left.

        Raises Altered where everything was sealed since: whoever put it there was not the hub.
        """
        if self.all_sealed:
            raise Altered(f"{'|'.join(place)}: in clear, though everything was sealed")

    def is_settled(self, sealed: bytes, klass: DataClass, owner: str) -> bool:
        """Whether a cell is sealed with the key that seals for its owner now."""
        key = self._current.get((owner, klass)) or self._current[HUB, klass]
        return sealed[:_HEAD] == key.head

    def _seals(self, owner: str, klass: str) -> "_Ready":
        """The key that seals for an owner, unwrapped."""
        key = self._current.get((owner, klass))
        if key is None:
            self.wanted.add((owner, str(klass)))
            return self._ready(self._current[HUB, klass])
        self._sealing[owner, klass] = ready = self._ready(key)
        return ready

    def _opens(self, head: bytes) -> "_Ready":
        """The key of a cell, unwrapped; another process may have made it meanwhile."""
        if head[:1] not in (bytes([Suite.AES]), bytes([Suite.SM])) or len(head) < _HEAD:
            raise Altered("a cell sealed by a suite this version does not know")
        number = int.from_bytes(head[1:], "big")
        if number not in self._known:
            self.learn(self.load())
        key = self._known.get(number)
        if key is None or key.head != head:
            raise Altered(f"a cell sealed by data key {number}, which is not in `data_key`")
        return self._ready(key)

    def _ready(self, key: DataKey) -> "_Ready":
        """A key unwrapped; it stays in memory."""
        held = self._opening.get(key.head)
        if held is not None and held.key is key:
            return held
        clear = self.provider.unwrap(key.provider, key.wrapped, key.context)
        bound = f"|{_told((key.owner,))}".encode()
        ready = _Ready(key, key.owner, key.head, bound, *ciphers(key.suite, clear))
        self._opening[key.head] = ready
        return ready


@dataclass(frozen=True, slots=True)
class _Ready:
    """A key unwrapped: how its cells begin, what they are bound to beside their place."""

    key: DataKey
    owner: str
    head: bytes
    tail: bytes
    encrypt: Encrypt
    decrypt: Decrypt


def _told(place: Sequence[str]) -> str:
    """A place in one text, another for every other place, whatever signs its parts have."""
    text = "|".join(place)
    if "\\" not in text and text.count("|") == len(place) - 1:
        return text
    return "|".join(one.replace("\\", "\\\\").replace("|", "\\|") for one in place)


def now_us() -> int:
    """The present."""
    return time.time_ns() // 1000
