"""The whole region as files: what six hospitals and a register office would hand over.

    README.md       what this is: all of it invented
    manifest.json   what is in it: sites, people, stories, defects
    registers/      institutions.csv, qualifications.csv, precision.csv, marks.csv, policies.yaml
    sites/          one profile (TOML) for each sending system
    maps/           code maps of the sites that send no LOINC codes
    messages/SITE/  one HL7 v2 message a file, in the order of their release
    images/SITE/    one DICOM picture a file, from each imaging archive (with `images`)
    questions/      an order-check about each of those the imaging departments tell of

The files enter the hub through the same doors as a hospital's. The same seed and day give the same
bytes, on any machine.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from hie.recognition.catalogue import load_catalogue
from hie.synthetic.course import make_course
from hie.synthetic.defects import DEFECTS, make_defects
from hie.synthetic.example import question
from hie.synthetic.imaging.course import Examined
from hie.synthetic.imaging.departments import DEPARTMENTS
from hie.synthetic.imaging.files import (
    Told,
    all_examinations,
    pictures,
    profiles,
    reports,
    told,
)
from hie.synthetic.imaging.stories import ORDERED
from hie.synthetic.imaging.stories import TOLD as TOLD_IMAGES
from hie.synthetic.institutions import BEIJING, SENDERS, SHIJIAZHUANG
from hie.synthetic.messages import Message, numbered
from hie.synthetic.people import Person, make_people
from hie.synthetic.profiles import code_maps, profile
from hie.synthetic.registers import make_registers
from hie.synthetic.report import Report
from hie.synthetic.segments import SYNTHETIC
from hie.synthetic.stories import TOLD, Teller

_README: Final = """# A synthetic region

**合成数据，所有人员、机构和结果均为虚构。 Synthetic data: every person, institution and result
in this folder is invented.** Made by `hie synthetic` (seed {seed}, day {today}).

* The resident numbers pass their check (GB 11643) and name counties ending in 99, which do not
  exist: no living person's number is among them.
* The institutions' codes pass theirs (GB 32100); their organisation numbers are not given out.
* Every message carries the segment `ZSY|SYNTHETIC|…`.
* Files named `defect-…` are wrong on purpose; `manifest.json` says how, and what is to be expected.

* Every picture is drawn from formulas; each DICOM file says so in its comments. Patient indexes
  are named by object identifiers that are nobody's.

Load it: `hie register import registers/*`, then for each site `hie site add`, `hie map import
--approve` and `hie receive`; `hie demo` does all of it.
"""


Progress = Callable[[int, int], None]  # examinations done, of how many


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """One sending system, and where its files lie. `code_map` is None where none is needed."""

    site: str
    institution: str  # unified social credit code
    name: str
    adapter: str
    profile: Path
    code_map: Path | None
    messages: Path


@dataclass(frozen=True, slots=True)
class Expected:
    """A file with something wrong in it: where it ends, and the issue that says so ("": none)."""

    file: Path
    site: str
    name: str
    state: str
    code: str
    what: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was written: `files` counts all, `messages` those under messages/, `images` pictures."""

    folder: Path
    seed: int
    today: date
    files: int
    messages: int
    sites: tuple[SiteFiles, ...]
    registers: tuple[Path, ...]
    people: tuple[Person, ...]
    defects: tuple[Expected, ...]
    images: int = 0
    examinations: tuple[Told, ...] = ()


def generate(
    out: Path,
    *,
    seed: int,
    today: date,
    people: int = 50,
    images: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> Manifest:
    """Write a region into a folder, which is made; files that are there are written over.

    With `images` the imaging departments are there too: some seven pictures and one report a
    person, drawn and written in about a tenth of a second each study.

    `today` is the last day of the story; all results are older, but for one sender whose clock is
    ahead. Raises OSError when a file cannot be written.
    """
    cast = make_people(seed, today, people)
    writer = _Writer(out)
    writer.write("README.md", _README.format(seed=seed, today=today).encode())
    for name, content in make_registers(seed, today, load_catalogue()).items():
        writer.write(f"registers/{name}", content)
    maps = code_maps()
    for name, content in maps.items():
        writer.write(f"maps/{name}", content)
    for sender in SENDERS:
        writer.write(f"sites/{sender.site}.toml", profile(sender).encode())
    messages, expected = _messages(seed, today, cast)
    for message in messages:
        writer.write(_path(message), message.content)
    laboratories = tuple(
        SiteFiles(
            sender.site,
            sender.institution.code,
            sender.institution.name,
            "hl7v2",
            out / "sites" / f"{sender.site}.toml",
            next((out / "maps" / name for name in maps if name.startswith(sender.site)), None),
            out / "messages" / sender.site,
        )
        for sender in SENDERS
    )
    done = all_examinations(seed, today, cast) if images else []
    drawn = _images(writer, done, on_progress)
    manifest = Manifest(
        folder=out,
        seed=seed,
        today=today,
        files=writer.count + 1,
        messages=sum("messages" in path.parts[-3:] for path in writer.paths),
        sites=laboratories + (_departments(out) if images else ()),
        registers=tuple(path for path in writer.paths if path.parent.name == "registers"),
        people=tuple(cast),
        defects=tuple(
            Expected(out / file, file.split("/")[1], name, state, code, what)
            for file, name, state, code, what in expected
        ),
        images=drawn,
        examinations=tuple(told(done)),
    )
    writer.write("manifest.json", _json(manifest))
    return manifest


def _images(writer: "_Writer", done: list[tuple[Person, Examined]], on_progress: Progress) -> int:
    """Write the departments' files, if anything was done there; how many pictures there are."""
    if not done:
        return 0
    for name, content in profiles():
        writer.write(name, content)
    count = 0
    for at, one in enumerate(done, 1):
        for name, content in pictures([one]):
            writer.write(name, content)
            count += 1
        on_progress(at, len(done))
    for name, content in reports(done):
        writer.write(name, content)
    for person in {person.index: person for person, _ in done}.values():
        if person.index in ORDERED:
            asked_by = BEIJING if person.sites[0] == "sjz-lis" else SHIJIAZHUANG
            order = {"ref": "1", **ORDERED[person.index]}
            writer.write(f"questions/{person.index}.json", question(person, asked_by, [order]))
    return count


def _departments(out: Path) -> tuple[SiteFiles, ...]:
    """The archives, then the report systems: most studies are there before their report."""
    kinds = [(one, one.archive, "dicom", "images") for one in DEPARTMENTS]
    kinds += [(one, one.reports, "hl7v2", "messages") for one in DEPARTMENTS]
    return tuple(
        SiteFiles(
            site,
            one.institution.code,
            one.institution.name,
            adapter,
            out / "sites" / f"{site}.toml",
            None,
            out / folder / site,
        )
        for one, site, adapter, folder in kinds
    )


def all_reports(seed: int, today: date, cast: list[Person]) -> tuple[list[Report], Teller]:
    """Every report that is in order: chance visits and told stories."""
    catalogue = load_catalogue()
    teller = Teller(seed, today, catalogue, {person.index: person for person in cast})
    reports = [one for person in cast for one in make_course(seed, person, today, catalogue)]
    for index, (story, _) in TOLD.items():
        if index in teller.people:
            reports += story(teller, index)
    return reports, teller


def _messages(
    seed: int, today: date, cast: list[Person]
) -> tuple[list[Message], list[tuple[str, str, str, str, str]]]:
    """All messages, and of the spoiled ones: path, name, state, issue code, what is wrong."""
    reports, teller = all_reports(seed, today, cast)
    messages = [message for message, _ in numbered(reports)]
    expected = []
    first = messages[0]
    second = next((m for m in messages[1:] if m.site == first.site), first)
    again = Message(first.site, "defect-duplicate.hl7", first.content)
    renumbered = _with_number(second, _number(first))
    for message, name, what in (
        (again, "duplicate", "the bytes of another file once more: they change nothing"),
        (renumbered, "same-number", "another message under a number that was used before"),
    ):
        messages.append(message)
        expected.append((_path(message), name, "stored", "", what))
    for message, defect in make_defects(teller, len(cast)):
        messages.append(message)
        expected.append((_path(message), defect.name, defect.state, defect.code, defect.what))
    return messages, expected


def _number(message: Message) -> bytes:
    return message.content.split(b"|", 10)[9]


def _with_number(message: Message, number: bytes) -> Message:
    cells = message.content.split(b"|", 10)
    cells[9] = number
    return Message(message.site, "defect-same-number.hl7", b"|".join(cells))


def _path(message: Message) -> str:
    return f"messages/{message.site}/{message.name}"


def _json(manifest: Manifest) -> bytes:
    """The manifest for people and programs; paths are relative to its folder."""
    out = manifest.folder
    shown = {**TOLD, **(TOLD_IMAGES if manifest.images else {})}
    content: dict[str, Any] = {
        "synthetic": SYNTHETIC,
        "seed": manifest.seed,
        "today": manifest.today.isoformat(),
        "messages": manifest.messages,
        "images": manifest.images,
        "registers": [str(path.relative_to(out)) for path in manifest.registers],
        "sites": [
            {
                "site": one.site,
                "institution": one.institution,
                "name": one.name,
                "adapter": one.adapter,
                "profile": str(one.profile.relative_to(out)),
                "code_map": str(one.code_map.relative_to(out)) if one.code_map else None,
                "messages": str(one.messages.relative_to(out)),
            }
            for one in manifest.sites
        ],
        "people": [
            {
                "name": person.name,
                "sex": person.sex,
                "birth_date": person.born.isoformat(),
                "resident_id": person.resident_id,
                "sites": list(person.sites),
                **({"shows": shown[person.index][1]} if person.index in shown else {}),
            }
            for person in manifest.people
        ],
        "examinations": [
            {
                "resident_id": manifest.people[one.person - 1].resident_id,
                "class": one.klass,
                "description": one.description,
                "day": one.day.isoformat(),
                "archive": one.archive,
                "study": one.study,
                "pictures": one.pictures,
                "report": one.report or None,
                **({"repeat": one.why} if one.why else {}),
            }
            for one in manifest.examinations
        ],
        "defects": [
            {
                "file": str(one.file.relative_to(out)),
                "state": one.state,
                "issue": one.code or None,
                "what": one.what,
            }
            for one in manifest.defects
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


class _Writer:
    """Writes files below a folder, and remembers which."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.paths: list[Path] = []
        out.mkdir(parents=True, exist_ok=True)
        for sender in SENDERS:
            (out / "messages" / sender.site).mkdir(parents=True, exist_ok=True)

    @property
    def count(self) -> int:
        return len(self.paths)

    def write(self, name: str, content: bytes) -> None:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.paths.append(path)


__all__ = ["DEFECTS", "Expected", "Manifest", "SiteFiles", "all_reports", "generate"]
