"""The hub's signing keys as files: made at the first start, one file a key, mode 0600.

`keys/signing-<start>.pem` below the data directory; `<start>` is the UTC second from which the key
signs, so that a rotation is one more file, published before it is used. Several processes of one
data directory make one key between them.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hie.access.ring import Ring, SigningKey, ring, signing_key
from hie.errors import HubMisconfigured, Unavailable

_NAME = re.compile(r"signing-(\d{8}T\d{6}Z)\.pem")
_TIME = "%Y%m%dT%H%M%SZ"


def keys_folder(data_dir: Path) -> Path:
    """Where the keys lie, made when it is not there. Raises Unavailable."""
    folder = data_dir / "keys"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise Unavailable(f"signing keys in {folder}: {fault.strerror}") from fault
    return folder


def key_files(folder: Path) -> list[Path]:
    """The files of the signing keys, oldest first. Raises Unavailable."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError as fault:
        raise Unavailable(f"signing keys in {folder}: {fault.strerror}") from fault


def read_ring(folder: Path) -> Ring:
    """The keys of a folder.

    Raises HubMisconfigured for a key that others may read or that is none, Unavailable when the
    folder cannot be read.
    """
    try:
        return ring(read_key(path) for path in key_files(folder))
    except OSError as fault:
        raise Unavailable(f"signing keys in {folder}: {fault.strerror}") from fault


def read_key(path: Path) -> SigningKey:
    """One key, with the time it signs from. Raises HubMisconfigured, OSError."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise HubMisconfigured(f"{path}: others may read it; expected mode 0600")
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise HubMisconfigured(f"{path}: expected a PEM private key") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise HubMisconfigured(f"{path}: expected a P-256 key")
    return signing_key(private, starts_of(path))


def starts_of(path: Path) -> int:
    """The second from which the key of this file signs."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise AssertionError("only files of this name are read")
    return int(datetime.strptime(match[1], _TIME).replace(tzinfo=UTC).timestamp())


def make_key(folder: Path, starts: int) -> Path:
    """Write a new key that signs from `starts` on (or the next free second); whole, durable."""
    path = folder / f"signing-{datetime.fromtimestamp(starts, UTC).strftime(_TIME)}.pem"
    if path.exists():
        return make_key(folder, starts + 1)
    text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    waiting = path.with_suffix(".new")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, text)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    waiting.rename(path)
    synced(folder)
    return path


def synced(folder: Path) -> None:
    """What was written to, or taken from, the folder is durable."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time changes the keys of a folder. Raises Unavailable."""
    try:
        descriptor = os.open(folder / "signing.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise Unavailable(f"signing keys in {folder}: {fault.strerror}") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
