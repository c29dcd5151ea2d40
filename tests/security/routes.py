"""`python -m tests.security routes [--write]`: every route, method and caller against a frozen table.

The table (`routes.tsv`) says for each address, method and caller what the door answers: `in`, or
the refusal. A row that is new, gone or different fails; `--write` freezes what is found, to be read
before it is committed. Beside the table hold: a stranger enters by the open doors alone; HEAD is
answered as GET; a method that an address does not have is nobody's; a system's token opens no page,
a session no system door; nothing fails.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import httpx

from hie.oauth.open_doors import is_open, is_page
from hie.store.migrate import migrate
from tests.places import Place
from tests.security.callers import STRANGER, Caller, Filled, filled, sign_in
from tests.security.mounted import METHODS, Address, addresses, request_of, routes_of

TABLE = Path(__file__).with_name("routes.tsv")
IN = "in"
# A person's session ends here: each is asked with a session of its own.
_ENDS = "/sign-out"
# Nobody is let in: the history of everything is not offered; a sign-in needs its form's own token,
# and the page of emergency access a second factor.
NOBODYS = {("GET", "/fhir/_history"), ("POST", "/sign-in"), ("POST", "/break-glass")}
Row = tuple[str, str]  # method and address


async def asked(found: Filled) -> dict[Row, dict[str, str]]:
    """What each caller is answered at each address, by the methods it has."""
    table: dict[Row, dict[str, str]] = {}
    for address in addresses(routes_of(found.app)):
        for method in sorted(address.methods, key=METHODS.index):
            row = table[method, address.path] = {}
            for caller in found.callers:
                row[caller.name] = await _answer(found, address, method, caller)
    return table


def heads(table: dict[Row, dict[str, str]], people: Iterable[str]) -> list[str]:
    """Take the rows of HEAD out of the table; where one is not as GET, each in a sentence.

    A session fetches pictures by GET alone.
    """
    told, persons = [], frozenset(people)
    for method, path in [row for row in table if row[0] == "HEAD"]:
        row, like = table.pop((method, path)), table.get(("GET", path), {})
        for name, answer in row.items():
            picture = path.startswith("/dicom-web") and name in persons
            if answer != ("401" if picture else like.get(name)):
                told.append(f"HEAD {path} {name}: {answer}, GET {like.get(name)}")
    return told


async def closed(found: Filled) -> list[str]:
    """Methods that an address does not have and that were answered; each in a sentence."""
    told = []
    callers = [found.caller(name) for name in (STRANGER, "system/*.cruds", "clinician")]
    for address in addresses(routes_of(found.app)):
        for method in METHODS:
            if method in address.methods or method == "HEAD":
                continue
            for caller in callers:
                answer = await _answer(found, address, method, caller)
                if answer == IN:
                    told.append(f"{method} {address.path} answers {caller.name}")
    return told


async def _answer(found: Filled, address: Address, method: str, caller: Caller) -> str:
    answer = await caller.http.request(**request_of(address, method, caller, found))
    if caller.is_person and address.path in {_ENDS, "/sign-in"} and method == "POST":
        caller.csrf = await sign_in(caller.http, caller.name)
    return word(answer)


def word(answer: httpx.Response) -> str:
    """What an answer means for access; a mistake in the request is answered behind the door."""
    status = answer.status_code
    if status >= 500:
        return f"FAULT {status}"
    if status == 303 and answer.headers["location"].startswith("/sign-in?next="):
        return "sign-in"
    return str(status) if status in {401, 403, 404, 405} else IN


def laws(table: dict[Row, dict[str, str]], people: Iterable[str]) -> list[str]:
    """What must hold whatever the table says; each breach in a sentence."""
    told = []
    persons = frozenset(people)
    for (method, path), row in table.items():
        for name, answer in row.items():
            told_of = f"{method} {path} {name}: {answer}"
            opened = is_open(method, _plain(path))
            if answer.startswith("FAULT"):
                told.append(told_of)
            elif name == STRANGER and answer == IN and not opened and path != "/metrics":
                told.append(f"{told_of}, and is no open door")
            elif (
                not opened
                and path != "/metrics"
                and answer in {IN, "403"}
                and name != STRANGER
                and (name in persons) != is_page(path)
                and not (name in persons and _is_picture(method, path))
            ):
                told.append(f"{told_of}, at a door of the other kind")
        if not {IN, "404", "405"} & set(row.values()) and (method, path) not in NOBODYS:
            told.append(f"{method} {path}: nobody is let in, so nothing is shown by it")
    return told


def _plain(path: str) -> str:
    return path.replace("{path}", "x")


def _is_picture(method: str, path: str) -> bool:
    return path.startswith("/dicom-web") and method == "GET"


def write(table: dict[Row, dict[str, str]]) -> str:
    """The table as text: a line for each row, a column for each caller."""
    names = list(next(iter(table.values())))
    lines = ["\t".join(("method", "address", *names))]
    lines += ["\t".join((*row, *(cells[name] for name in names))) for row, cells in table.items()]
    return "\n".join(lines) + "\n"


def read(text: str) -> dict[Row, dict[str, str]]:
    """The table of a text that `write` wrote."""
    head, *lines = (line.split("\t") for line in text.splitlines())
    return {(line[0], line[1]): dict(zip(head[2:], line[2:], strict=True)) for line in lines}


def differences(found: dict[Row, dict[str, str]], frozen: dict[Row, dict[str, str]]) -> list[str]:
    """Where what was found is not what was frozen; each in a sentence."""
    told = [f"{' '.join(row)}: new" for row in found.keys() - frozen.keys()]
    told += [f"{' '.join(row)}: gone" for row in frozen.keys() - found.keys()]
    for row in found.keys() & frozen.keys():
        for name in found[row].keys() | frozen[row].keys():
            now, was = found[row].get(name, "no such caller"), frozen[row].get(name, "new caller")
            if now != was:
                told.append(f"{' '.join(row)} {name}: {now}, frozen as {was}")
    return sorted(told)


async def proven(place: Place, folder: Path) -> tuple[dict[Row, dict[str, str]], list[str]]:
    """The table of a hub made here, and every breach of a law."""
    async with filled(place, folder) as found:
        table = await asked(found)
        people = [caller.name for caller in found.callers if caller.is_person]
        told = heads(table, people)
        return table, [*told, *laws(table, people), *await closed(found)]


def main(words: list[str]) -> int:
    """Say each difference and breach; 1 when there is one."""
    with tempfile.TemporaryDirectory() as name:
        migrate(None, Path(name))
        table, told = asyncio.run(proven(Place(None, Path(name)), Path(name)))
    if "--write" in words:
        TABLE.write_text(write(table), "utf-8")
    told += differences(table, read(TABLE.read_text("utf-8")))
    sys.stdout.write("".join(f"  {line}\n" for line in told))
    cells = sum(len(row) for row in table.values())
    sys.stdout.write(f"  {len(table)} methods of addresses, {cells} answers\n")
    return 1 if told else 0
