"""Train the dictionary of resource bodies: `python -m tests.train_dictionary N`.

It writes `schemas/dictionary/N.zdict`, from synthetic resources alone: what the hub makes of the
messages of a synthetic region, and results as FHIR clients write them. Whatever belongs to one
institution (names, codes, sites, times) is another in each body, so that the dictionary learns how
resources read and not whose they are. A number is never used twice: rows written with a dictionary
can only be read with exactly that one.
"""

import asyncio
import random
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import zstandard

from hie.app import opened
from hie.exchange import demo
from hie.fhir.wire import write
from hie.settings import Settings
from hie.store.compression import Bodies
from hie.store.instants import written
from hie.store.served import STORED, stored
from hie.store.tables import TABLES
from hie.synthetic import generate
from tests.builders import Region, a_patient, a_report, an_organization

SIZE = 64 * 1024
SEGMENT, WINDOW = 1500, 8  # bytes: what the trainer takes at once, and compares by
TRIES = 12  # orders of the samples: what comes of each differs by a tenth; bodies unseen decide
FOLDER = Path(__file__).parents[1] / "schemas" / "dictionary"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
_HOUSES = ("医院", "人民医院", "第一医院", "中心医院检验科", "妇幼保健院", "医学检验所")


def samples(seed: int, reports: int) -> list[bytes]:
    """Bodies as the store writes them, id and meta first."""
    region = Region(seed)
    bodies = []
    for number in range(reports):
        home = region.id()
        made = region.observations(home)
        ids = tuple(one["id"] for one in made)
        made.append(a_report(region.id(), home, results=ids))
        made.append(a_patient(home, name=[{"text": region.name()}]))
        made.append(an_organization(region.id()))
        for one in made:
            meta = {
                "versionId": "1",
                "lastUpdated": written(1_780_000_000_000_000 + 7_777_777 * number),
                "source": f"urn:hie:message:{region.id()}",
            }
            head = {"resourceType": one["resourceType"], "id": one["id"], "meta": meta}
            bodies.append(write({**head, **one, "meta": meta}))
    return bodies


async def of_a_region(seed: int, people: int) -> list[bytes]:
    """What the hub stores of every message of a synthetic region."""
    bodies: list[bytes] = []
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        async with opened(Settings(data_dir=folder / "hub", rate_limits=False)) as hub:
            region = generate(folder / "region", seed=seed, today=date(2026, 3, 1), people=people)
            await demo.fill(hub, region, lambda done, of: None)
            async with hub.db.reading() as reader:
                for kind, table in TABLES.items():
                    rows = await reader.fetch(f"SELECT {STORED} FROM {table}")  # noqa: S608
                    bodies += [stored(hub.db, kind, row).body for row in rows]
    return bodies


class Stranger:
    """Makes a body one of another institution."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - data to train with

    def of(self, body: bytes) -> bytes:
        """The same resource, of invented others, at another time."""
        dice = self.dice
        site = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 5)))
        site += dice.choice(("-lis", "-lab", "", "-his"))
        system = dice.choice(("local", "99LAB", "L", f"99{self._some(3).upper()}", "LIS"))
        text = re.sub(r"/site/[a-z0-9-]+/", f"/site/{site}/", body.decode())
        text = re.sub(r'(/CodeSystem/site/[a-z-]+/)[^"]+', rf"\g<1>{system}", text)
        changes: tuple[tuple[str, Callable[[], str]], ...] = (
            (r'(")[0-9A-HJ-NP-RT-UW-Y]{18}(?=")', lambda: self._some(18).upper()),
            (r'("Practitioner/[^"]*","display":")[^"]*', self._name),
            (r'(/sid/institution","value":"[^"]*"\},"display":")[^"]*', self._house),
            (r'("lastUpdated":")[^"]*', self._time),
        )
        for pattern, made in changes:
            text = re.sub(pattern, partial(_put, made), text)
        return text.encode()

    def _some(self, length: int) -> str:
        return "".join(self.dice.choices(_LETTERS, k=length))

    def _name(self) -> str:
        given = self.dice.choices(_GIVEN, k=self.dice.randint(1, 2))
        return self.dice.choice(_SURNAMES) + "".join(given)

    def _house(self) -> str:
        return self.dice.choice((*_HOUSES, self._some(4).upper()))

    def _time(self) -> str:
        return written(1_750_000_000_000_000 + self.dice.randrange(10**14))


def _put(made: Callable[[], str], found: re.Match[str]) -> str:
    return f"{found[1]}{made()}"


def main(number: int) -> None:
    """Train and write dictionary `number`."""
    path = FOLDER / f"{number}.zdict"
    if path.exists():
        sys.exit(f"{path} exists: a dictionary is never changed, take the next number")
    bodies = asyncio.run(of_a_region(7, 60))
    others = [Stranger(0).of(body) for body in asyncio.run(of_a_region(8, 12))] + samples(99, 10)
    found = [_trained(bodies, seed) for seed in range(1, TRIES + 1)]
    FOLDER.mkdir(exist_ok=True)
    path.write_bytes(min(found, key=lambda data: _size(data, others)))


def _trained(bodies: list[bytes], seed: int) -> bytes:
    stranger = Stranger(seed)
    given: list[Any] = [stranger.of(body) for body in bodies]
    given += samples(seed, 100)
    stranger.dice.shuffle(given)
    made = zstandard.train_dictionary(SIZE, given, k=SEGMENT, d=WINDOW, level=3)
    data: bytes = made.as_bytes()
    return data


def _size(dictionary: bytes, bodies: list[bytes]) -> int:
    small = Bodies({1: dictionary})
    return sum(len(small.compress(body)) for body in bodies)


if __name__ == "__main__":
    main(int(sys.argv[1]))
