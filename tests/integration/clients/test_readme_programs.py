"""The programs of README, run as they stand: a key, its registration, a token, and the API used.

The hub is one that has just been set up: its registers are those of the invented region.
"""

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
from tests.conftest import DATABASES, _place
from tests.integration.clients.printed import Printed, done, environment_of
from tests.integration.imaging.support import free_port, serving, settings_of
from tests.integration.test_road import _connected
from tests.places import elsewhere

PAGE = Printed.of("README.md", "Write a client")
PROGRAMS = {"python": ([sys.executable], "client.py"), "js": ([str(NODE)], "client.mjs")}


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
        environment = environment_of(place)
        kid = PAGE.registered(folder, environment)
        environment |= {"HUB": settings.address, "CLIENT": "my-client", "KEY": "my-client.key"}
        yield Ready(folder, environment | {"KID": kid})


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_program_prints_what_the_page_says_each_time_it_runs(
    ready: Ready, language: str
) -> None:
    command, name = PROGRAMS[language]
    (ready.folder / name).write_text(PAGE.block(language), "utf-8")
    for _ in range(2):
        printed = done([*command, name], ready.folder, ready.environment)
        assert printed == PAGE.block("text", "钾")


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_key_that_was_not_registered_gets_no_token(
    ready: Ready, tmp_path: Path, language: str
) -> None:
    """The same program with another key: 401, told by the program, and nothing is read."""
    command, name = PROGRAMS[language]
    done(["sh", "-ec", PAGE.block("sh", "openssl")], tmp_path, ready.environment)
    (tmp_path / name).write_text(PAGE.block(language), "utf-8")
    refused = subprocess.run(  # noqa: S603 - the page's own words
        [*command, name],
        cwd=tmp_path,
        env=ready.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert refused.returncode != 0
    assert "401" in refused.stderr
    assert "invalid_client" in refused.stderr
    assert refused.stdout == ""


def test_the_page_says_how_both_are_run() -> None:
    for command in ("python client.py", "node client.mjs"):
        assert f"\n{command} " in PAGE.text
