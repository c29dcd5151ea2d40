"""The blocks of a page of the documents, and commands run as they are printed there."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Printed:
    """A page, or one section of it, as it is printed."""

    text: str

    @classmethod
    def of(cls, file: str, section: str = "") -> "Printed":
        """A file of the project; `section` is a heading of it, of two signs."""
        text = (_ROOT / file).read_text("utf-8")
        if section:
            text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        return cls(text)

    def block(self, language: str, containing: str = "") -> str:
        """The one block in this language that contains a text."""
        blocks = re.findall(rf"^```{language}\n(.*?)^```", self.text, re.M | re.S)
        (found,) = (one for one in blocks if containing in one)
        return str(found)

    def registered(self, folder: Path, environment: dict[str, str]) -> str:
        """Run the commands that make a key and register it, as printed; the key's id they tell."""
        blocks = dict.fromkeys(self.block("sh", one) for one in ("openssl", "hie client add"))
        commands = "".join(blocks)
        told = done(["sh", "-ec", commands], folder, environment)
        pattern = self.block("text", "registered").rstrip("…\n").removesuffix("DcJ")
        assert told.startswith(pattern), told
        return told.removeprefix(pattern).strip()


def environment_of(place: Any) -> dict[str, str]:
    """What a shell at the hub's machine has: its commands, and where its data lie."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HIE_DATA_DIR": str(place.data_dir),
        **({"HIE_DATABASE_URL": place.url} if place.url else {}),
    }


def done(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command printed; its errors fail the test."""
    ended = subprocess.run(  # noqa: S603 - the page's own words
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
