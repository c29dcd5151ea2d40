"""The examples of docs/clients.md, run as they stand: each prints what the page says it prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.node import needs_packages, ran
from tests.integration.clients.support import Connected

TEXT = (Path(__file__).parents[3] / "docs" / "clients.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"^## (\S+) \((?:(?!^## ).)*?^```(python|js)\n(.*?)^```\n\n```text\n(.*?)^```",
    TEXT,
    re.M | re.S,
)


def _examples(language: str) -> list[object]:
    return [
        pytest.param(code, printed, id=client)
        for client, of, code, printed in EXAMPLES
        if of == language
    ]


def test_every_client_has_its_example() -> None:
    headings = re.findall(r"^## (\S+) \(", TEXT, re.M)
    assert [client for client, *_ in EXAMPLES] == headings
    assert len(headings) == 6


@pytest.mark.parametrize(("code", "printed"), _examples("python"))
def test_a_python_example_prints_what_the_page_says(
    hub: Connected, tmp_path: Path, code: str, printed: str
) -> None:
    done = subprocess.run(  # noqa: S603 - the page, by this Python
        [sys.executable, "-c", code],
        env={**os.environ, **hub.environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == printed, done.stderr


@needs_packages
@pytest.mark.parametrize(("code", "printed"), _examples("js"))
def test_a_javascript_example_prints_what_the_page_says(
    hub: Connected, tmp_path: Path, code: str, printed: str
) -> None:
    done = ran(tmp_path, code, more=hub.environment)
    assert done.stdout == printed, done.stderr
