"""Who is at the hub's own machine, by what the kernel says of the process that asks.

A command that opens the hub itself is asked for in its own process, one that reaches a running hub
by the process at the other end of the local socket (unix(7), SO_PEERCRED). Two facts are taken of
it: the account it runs under, and the account somebody logged in by when its session began
(`loginuid`, proc(5)), which `sudo` and `su` leave as it is. What the process says of itself counts
for nothing. Whoever has root can start a process of any account without a login, so that an
account alone is nobody, but on a kernel that keeps no logins.
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
_NOBODY = 65534  # also what the kernel says of an account that this namespace does not know
_OWN_LOGIN = Path("/proc/self/loginuid")


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

    `names` are the accounts of their own, none where it cannot be told who it is. Root's account is
    nobody's own, nor that of the hub or of who holds its data: several people use them.
    """
    account = os.getuid() if peer is None else peer.uid
    login = _login(peer)
    shared = {_ROOT, _NOBODY} if peer is None else {_ROOT, _NOBODY, os.getuid()}
    if data_dir is not None:
        with suppress(OSError):
            shared.add(data_dir.stat().st_uid)
    return Actor(
        kind=ActorKind.OPERATOR,
        client="shell",
        subject=_name(account if login is None else login),
        institution="",
        purpose=Purpose.OPERATIONS,
        scopes=frozenset(),
        role="administrator",
        names=frozenset(map(_name, _own(account, login, shared))),
    )


def _own(account: int, login: int | None, shared: set[int]) -> set[int]:
    """The accounts of one person, of what they run under and what they logged in by."""
    known = account if login is None and not _OWN_LOGIN.exists() else login
    return set() if known is None or known in shared else {account, known} - shared


def _login(peer: Peer | None) -> int | None:
    """The account that was logged in by; None where the kernel knows of no login."""
    try:
        if peer is None:
            found = int(_OWN_LOGIN.read_text("ascii"))
        else:
            process = Path("/proc") / str(peer.pid)
            if process.stat().st_uid not in {peer.uid, _ROOT}:
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
