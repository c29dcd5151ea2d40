"""Rotating the hub's signing keys: monthly and announced, or at once when a key was lost.

The next key is published a day before it signs, and its predecessor verifies for twice the longest
life of a token after (`hie.access.ring`), so that nobody is refused. In an emergency every older
key ends at once, with all tokens it signed: clients ask for new ones.
"""

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hie.access.ring import OVERLAP, SigningKey
from hie.oauth.key_ring import KeyRing
from hie.oauth.signing import (
    alone,
    key_files,
    keys_folder,
    make_key,
    read_key,
    starts_of,
    synced,
)

ANNOUNCED = 24 * 3600  # seconds a key is published before it signs
MONTH = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key as `hie key ls` shows it; `state` is signs, verifies, published or over."""

    kid: str
    starts: int
    state: str


def open_ring(data_dir: Path) -> KeyRing:
    """The signing keys below the data directory, one made when there is none.

    Raises HubMisconfigured for a key that others may read or that is none, Unavailable when the
    directory cannot be written.
    """
    folder = keys_folder(data_dir)
    with alone(folder):
        if not key_files(folder):
            make_key(folder, int(time.time()))
        return KeyRing(folder)


def states(keys: KeyRing, now: float) -> list[KeyState]:
    """Every key with what it does now, oldest first."""
    signs = keys.signer(now).kid
    accepted = {key.kid for key in keys.accepted(now)}
    published = {key.kid for key in keys.published(now)}
    return [
        KeyState(key.kid, key.starts, _state(key.kid, signs, accepted, published))
        for key in keys.keys
    ]


def rotate(folder: Path, now: int, starts: int | None = None) -> SigningKey:
    """Make the next key, published from now on; it signs from `starts`, a day from now at least.

    A key that is announced already is the next key: none is made beside it.
    """
    with alone(folder):
        coming = [path for path in key_files(folder) if starts_of(path) > now]
        if coming:
            return read_key(coming[0])
        made = make_key(folder, max(starts or 0, now + ANNOUNCED))
        _sweep(folder, now)
        return read_key(made)


def rotate_when_due(folder: Path, now: int) -> SigningKey | None:
    """The next key when the newest is a month old, once among all processes; else None."""
    files = key_files(folder)
    if files and now - starts_of(files[-1]) < MONTH - ANNOUNCED:
        return None
    return rotate(folder, now)


def replace_all(folder: Path, now: int) -> SigningKey:
    """Emergency: a new key signs from now on, and every other is gone, with the tokens it made."""
    with alone(folder):
        lost = key_files(folder)
        made = make_key(folder, now)
        for path in lost:
            path.unlink()
        synced(folder)
        return read_key(made)


def _sweep(folder: Path, now: int) -> None:
    """Take away keys that verify nothing any more: a successor has signed for the overlap."""
    files = key_files(folder)
    for path, following in pairwise(files):
        if starts_of(following) + OVERLAP < now:
            path.unlink()
    synced(folder)


def _state(kid: str, signs: str, accepted: set[str], published: set[str]) -> str:
    if kid == signs:
        return "signs"
    if kid in accepted:
        return "verifies"
    return "published" if kid in published else "over"
