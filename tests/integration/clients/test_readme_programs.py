"""The programs of README, run as they stand: a key, its registration, a token, and the API used.

The hub is one that has just been set up: its registers are those of the invented region.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from hie.app import opened
from tests.clients.node import NODE
from tests.conftest import DATABASES, _place, elsewhere
from tests.integration.imaging.support import free_port, serving, settings_of
from tests.integration.test_road import _connected

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
SECTION = README.partition("\n## Write a client\n")[2].partition("\n## ")[0]
PROGRAMS = {"python": ([sys.executable], "client.py"), "js": ([str(NODE)], "client.mjs")}


def block(language: str, containing: str = "") -> str:
    """The one block of the section in this language that contains a text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", SECTION, re.M | re.S)
    (found,) = (one for one in blocks if containing in one)
    return str(found)


@dataclass(frozen=True)
class Ready:
    """Where the hub answers, where the key lies, and what the programs read of both."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module", params=DATABASES)
def ready(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ready]:
    """A hub on a port, and a client registered by the two commands of the page."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    folder = tmp_path_factory.mktemp("client")
    with ExitStack() as stack:
        place = stack.enter_context(_place(request, "postgres", tmp_path_factory.mktemp("hub")))
        settings = settings_of(place, port=free_port(), dicom_port=free_port())

        async def registers() -> None:
            async with opened(settings) as hub:
                await _connected(hub, folder)

        elsewhere(registers)
        stack.enter_context(serving(settings))
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HIE_DATA_DIR": str(place.data_dir),
            **({"HIE_DATABASE_URL": place.url} if place.url else {}),
        }
        commands = block("sh", "openssl") + block("sh", "hie client add")
        told = _done(["sh", "-ec", commands], folder, environment)
        pattern = block("text", "registered").rstrip("…\n").removesuffix("DcJ")
        assert told.startswith(pattern), told
        environment |= {"HUB": settings.address, "CLIENT": "my-client", "KEY": "my-client.key"}
        yield Ready(folder, environment | {"KID": told.removeprefix(pattern).strip()})


def _done(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command printed; its errors fail the test."""
    done = subprocess.run(  # noqa: S603 - the page's own words
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_program_prints_what_the_page_says_each_time_it_runs(
    ready: Ready, language: str
) -> None:
    command, name = PROGRAMS[language]
    (ready.folder / name).write_text(block(language), "utf-8")
    for _ in range(2):
        printed = _done([*command, name], ready.folder, ready.environment)
        assert printed == block("text", "钾")


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_key_that_was_not_registered_gets_no_token(
    ready: Ready, tmp_path: Path, language: str
) -> None:
    """The same program with another key: 401, told by the program, and nothing is read."""
    command, name = PROGRAMS[language]
    _done(["sh", "-ec", block("sh", "openssl")], tmp_path, ready.environment)
    (tmp_path / name).write_text(block(language), "utf-8")
    done = subprocess.run(  # noqa: S603 - the page's own words
        [*command, name],
        cwd=tmp_path,
        env=ready.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "401" in done.stderr
    assert "invalid_client" in done.stderr
    assert done.stdout == ""


def test_the_page_says_how_both_are_run() -> None:
    for command in ("python client.py", "node client.mjs"):
        assert f"\n{command} " in SECTION
