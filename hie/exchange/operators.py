"""Who is at the hub's own machine, by what the kernel says of the process that asks.

A command that opens the hub itself is asked for in its own process, one that reaches a running hub
by the process at the other end of the local socket (unix(7), SO_PEERCRED). Two facts are taken of
it: the account it runs under, and the account somebody logged in by when its session began
(`loginuid`, proc(5)), which `sudo` and `su` leave as it is. What the process says of itself counts
for nothing.
"""

import os
import pwd
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hie.access.actor import Actor, ActorKind, Purpose

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_UNSET = 2**32 - 1  # no login: a service, a container, a machine without pam_loginuid
_ROOT = 0


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a Unix socket; `pid` 0: one of another pid namespace."""

    pid: int
    uid: int


def peer_of(connection: socket.socket) -> Peer:
    """Who connected, as the kernel noted it then."""
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(found)
    return Peer(pid, uid)


def operator(data_dir: Path | None = None, peer: Peer | None = None) -> Actor:
    """The person at the hub's own machine: at this process, or at that of `peer`.

    `names` are the accounts of their own. Root's is nobody's own, nor that of who holds the hub's
    data: several people use them.
    """
    account = os.getuid() if peer is None else peer.uid
    login = _login(peer)
    shared = {_ROOT} if peer is None else {_ROOT, os.getuid()}
    if data_dir is not None:
        with suppress(OSError):
            shared.add(data_dir.stat().st_uid)
    own = {uid for uid in (account, login) if uid is not None} - shared
    return Actor(
        kind=ActorKind.OPERATOR,
        client="shell",
        subject=_name(account if login is None else login),
        institution="",
        purpose=Purpose.OPERATIONS,
        scopes=frozenset(),
        role="administrator",
        names=frozenset(map(_name, own)),
    )


def _login(peer: Peer | None) -> int | None:
    """The account that was logged in by; None where the kernel knows of no login."""
    process = Path("/proc/self" if peer is None else f"/proc/{peer.pid}")
    try:
        if peer is not None and process.stat().st_uid not in {peer.uid, _ROOT}:
            return None  # the process is gone, and its number is another's now
        found = int((process / "loginuid").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if found == _UNSET else found


def _name(uid: int) -> str:
    """The first name of an account: two names of one number are one account."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
