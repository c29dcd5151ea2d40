"""Long work, asked for part by part: a progress bar on a terminal, and nothing anywhere else."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hie.cli.connection import connected
from hie.cli.output import fail
from hie.errors import HubError

Told = Callable[[int, int], None]  # done, of how many


def run_to_end(
    what: str, name: str, arguments: Mapping[str, Any], as_json: bool
) -> tuple[dict[str, Any], bool]:
    """Ask the hub for the next part until there is none; a refusal is told and ends the command.

    A part is answered with `done`, `total` and `at`, where the next one begins (None: the end),
    and with `resumed` where an earlier run can be taken up. The last answer without `resumed`,
    and whether any part had it.
    """
    asked, resumed = dict(arguments), False
    try:
        with connected() as ask, tracked(what) as told:
            while True:
                answer = ask(name, asked)
                resumed |= answer.pop("resumed", False)
                told(answer["done"], answer["total"])
                if answer["at"] is None:
                    return answer, resumed
                asked["at"] = answer["at"]
    except HubError as error:
        fail(error, as_json)


@contextmanager
def tracked(what: str) -> Iterator[Told]:
    """A function to tell how far long work is; it draws on a terminal's error stream only."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
