"""Who is at the machine: the account somebody logged in by, and nobody where that is not known."""

import os
import socket
from pathlib import Path

import pytest

from hie.exchange import operators
from hie.exchange.operators import Peer, operator, peer_of

HUB, ALICE, BOB = os.getuid(), 47110, 47111
UNSET = 2**32 - 1


def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: int, login: int | None
) -> set[str]:
    """The names of somebody who runs a command of this account after this login."""
    file = tmp_path / "loginuid"
    if login is not None:
        file.write_text(str(login), "ascii")
    monkeypatch.setattr(operators, "_OWN_LOGIN", file)
    monkeypatch.setattr(os, "getuid", lambda: account)
    return set(operator(tmp_path).names)


@pytest.mark.parametrize(
    ("account", "login", "names"),
    [
        (ALICE, ALICE, {"uid-47110"}),
        (BOB, ALICE, {"uid-47110", "uid-47111"}),  # alice, who became bob
        (HUB, ALICE, {"uid-47110"}),  # alice, by sudo
        (0, ALICE, {"uid-47110"}),
        (ALICE, UNSET, set()),  # root can start a process of any account
        (ALICE, 0, set()),  # root logged in, and became alice
        (ALICE, HUB, set()),
        (HUB, HUB, set()),
        (0, 0, set()),
        (65534, UNSET, set()),
        (65534, 65534, set()),
        (ALICE, None, {"uid-47110"}),  # a kernel that keeps no logins
        (HUB, None, set()),
        (0, None, set()),
    ],
)
def test_somebody_is_known_by_their_login(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    account: int,
    login: int | None,
    names: set[str],
) -> None:
    assert at(tmp_path, monkeypatch, account, login) == names


def test_the_log_names_the_login_before_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tmp_path, monkeypatch, BOB, ALICE)
    assert operator(tmp_path).subject == "uid-47110"
    at(tmp_path, monkeypatch, BOB, UNSET)
    assert operator(tmp_path).subject == "uid-47111"


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_of(one) == Peer(os.getpid(), os.getuid())


@pytest.mark.parametrize("pid", [0, 2**22 + 1])
def test_a_process_that_is_not_here_is_nobody(tmp_path: Path, pid: int) -> None:
    assert (
        operator(tmp_path, Peer(pid, ALICE)).names == set()
        or not Path("/proc/self/loginuid").exists()
    )
