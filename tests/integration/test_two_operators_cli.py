"""Two operators at one machine, as typed: known by the login the kernel keeps, with and without a hub that serves."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.access.tokens import INSTITUTION, ec_key

LOGIN = Path("/proc/self/loginuid")
ALICE, BOB = 47110, 47111  # accounts nobody has
ADD = ("client", "add", "ris-1", "--institution", INSTITUTION, "--scope", "hie/intake")


def _may_log_in() -> bool:
    """Whether a process here has no login yet, so that a test may give it one."""
    try:
        return LOGIN.read_text("ascii") == str(2**32 - 1) and os.access(LOGIN, os.W_OK)
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not _may_log_in(), reason="this process has a login already")


def typed(env: dict[str, str], login: int | None, *words: str) -> tuple[int, str]:
    """`hie` as somebody types it who logged in by this account; what it left with, and said."""

    def log_in() -> None:
        if login is not None:
            LOGIN.write_text(str(login), "ascii")

    done = subprocess.run(  # noqa: S603 - this program
        [sys.executable, "-m", "hie", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=log_in,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    found = {
        **os.environ,
        "HIE_DATA_DIR": str(tmp_path / "hub"),
        "HIE_DUAL_CONTROL": "true",
        "HIE_PORT": port,
        "HIE_LANGUAGE": "en",
    }
    public = ec_key("P-384", 5).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "ris.pub").write_bytes(pem)
    return found


@contextmanager
def serving(env: dict[str, str]) -> Iterator[None]:
    """A hub that serves, so that commands go over its socket."""
    hub = subprocess.Popen([sys.executable, "-m", "hie", "serve"], env=env)
    path = Path(env["HIE_DATA_DIR"]) / "hub.sock"
    try:
        until = time.monotonic() + 60
        while not path.exists():
            assert hub.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        yield
    finally:
        hub.terminate()
        hub.wait(30)


def _registered(env: dict[str, str]) -> None:
    key = str(Path(env["HIE_DATA_DIR"]).parent / "ris.pub")
    code, said = typed(env, None, *ADD, "--key", key)  # root, or the hub's own account
    assert (code, "operator" in said) == (1, True), said
    code, said = typed(env, ALICE, *ADD, "--key", key)
    assert code == 0
    assert said.startswith("not yet: another operator approves it with hie client approve ")
    proposal = said.split()[-1]
    shell = {name: value for name, value in env.items() if name != "HIE_DUAL_CONTROL"}
    code, said = typed(shell, BOB, "client", "ls")
    assert f"{proposal}  add ris-1, proposed by uid-{ALICE} " in said
    assert "  scopes          + hie/intake\n" in said
    assert "  networks        + any\n" in said
    code, said = typed(env, BOB, "client", "token", "ris-1")
    assert (code, "no client" in said) == (1, True)
    for login in (ALICE, None):
        code, said = typed(env, login, "client", "approve", proposal, "--yes")
        assert (code, "operator" in said) == (1, True), said
    code, said = typed(env, BOB, "client", "approve", proposal)
    assert (code, "--yes" in said) == (2, True)  # a pipe cannot be asked
    code, said = typed(env, BOB, "client", "approve", proposal, "--yes")
    assert (code, said) == (0, f"{proposal} approved: add ris-1\n")
    code, said = typed(env, BOB, "client", "ls", "--json")
    told = json.loads(said)
    assert [one["client"] for one in told["clients"]] == ["ris-1"]
    assert told["waiting"] == []
    assert typed(env, ALICE, "client", "suspend", "ris-1", "--yes") == (0, "ris-1 suspended\n")
    code, said = typed(env, ALICE, "client", "resume", "ris-1")
    assert said.startswith("not yet")
    proposal = said.split()[-1]
    assert typed(env, ALICE, "client", "reject", proposal, "--yes")[0] == 0


def test_a_command_that_opens_the_hub_itself_knows_its_operator(env: dict[str, str]) -> None:
    key = str(Path(env["HIE_DATA_DIR"]).parent / "ris.pub")
    assert typed(env, None, *ADD, "--key", key)[0] == 1
    proposal = typed(env, ALICE, *ADD, "--key", key)[1].split()[-1]
    assert typed(env, ALICE, "client", "approve", proposal, "--yes")[0] == 1
    assert typed(env, BOB, "client", "approve", proposal, "--yes")[0] == 0


def test_a_hub_that_serves_knows_who_is_at_its_socket(env: dict[str, str]) -> None:
    with serving(env):
        _registered(env)


def test_what_the_hub_that_served_demanded_binds_a_shell_without_the_setting(
    env: dict[str, str],
) -> None:
    with serving(env):
        pass
    shell = {**env, "HIE_DUAL_CONTROL": "false"}
    key = str(Path(env["HIE_DATA_DIR"]).parent / "ris.pub")
    assert typed(shell, ALICE, *ADD, "--key", key)[1].startswith("not yet")
    with serving(shell):
        assert typed(shell, None, *ADD, "--key", key)[1].startswith("client ris-1 registered")
