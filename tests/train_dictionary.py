"""Train the dictionary of resource bodies: `python -m tests.train_dictionary N`.

It writes `schemas/dictionary/N.zdict`, from synthetic resources alone. A number is never used
twice: rows written with a dictionary can only be read with exactly that one.
"""

import sys
from pathlib import Path

import zstandard

from hie.fhir.wire import write
from hie.store.instants import written
from tests.builders import Region, a_patient, a_report, an_organization

SIZE = 32 * 1024
FOLDER = Path(__file__).parents[1] / "schemas" / "dictionary"


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


def main(number: int) -> None:
    """Train and write dictionary `number`."""
    path = FOLDER / f"{number}.zdict"
    if path.exists():
        sys.exit(f"{path} exists: a dictionary is never changed, take the next number")
    trained = zstandard.train_dictionary(SIZE, samples(1, 400), level=3)
    FOLDER.mkdir(exist_ok=True)
    path.write_bytes(trained.as_bytes())


if __name__ == "__main__":
    main(int(sys.argv[1]))
