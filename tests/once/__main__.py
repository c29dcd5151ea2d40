"""`python -m tests.once [ROUNDS] [sqlite] [postgresql]`: the rounds, and what came of them.

Without a number 1,000 rounds on each database. PostgreSQL is started from the machine's own
binaries, as the tests do.
"""

import asyncio
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hie.store.migrate import migrate
from tests.once.run import Report, proven
from tests.places import Place, at, statement
from tests.postgres import server

_NAME = "once"


def main(words: list[str]) -> None:
    """Run what is asked for; an assertion that does not hold ends it."""
    numbers = [int(word) for word in words if word.isdigit()]
    names = [word for word in words if not word.isdigit()] or ["postgresql", "sqlite"]
    for name in names:
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="hie-once-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            url = None
            if name == "postgresql":
                here = stack.enter_context(server(durable=True))
                statement(here, f"CREATE DATABASE {_NAME}")
                stack.callback(statement, here, f"DROP DATABASE {_NAME} WITH (FORCE)")
                url = at(here, _NAME)
            migrate(url, folder)
            report = asyncio.run(proven(Place(url, folder), numbers[0] if numbers else 1_000))
            _show(name, report)


def _show(name: str, report: Report) -> None:
    sys.stdout.write(
        f"{name}: {report.rounds} rounds of 16 clients at {report.hubs} hub(s) in"
        f" {report.seconds:.0f} s; {report.requests} requests, {report.kills} times kill -9,"
        f" {report.unanswered} answers lost; {report.resources} resources in {report.versions}"
        f" versions, {report.told} of them as told: nothing lost, nothing doubled\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
