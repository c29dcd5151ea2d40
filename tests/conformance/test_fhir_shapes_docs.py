"""The examples of docs/fhir-shapes.md are what the code builds of the messages beside them.

`HIE_ACCEPT_SAMPLES=1 pytest tests/conformance/test_fhir_shapes_docs.py` rewrites the examples; the
difference is then read by a person before it is committed.
"""

import os
import re
from importlib.metadata import entry_points
from pathlib import Path

import msgspec
import pytest

from hie.adapter import Adapter
from hie.canonical.context import Built
from hie.fhir import Resource
from hie.fhir.profile import check
from hie.fhir.wire import parse, write
from hie.records import ImagingReportRecord, LabReportRecord
from tests.unit.canonical.making import SITE, Ids, made

PAGE = Path(__file__).parents[2] / "docs/fhir-shapes.md"
TEXT = PAGE.read_text("utf-8")
LABORATORY, IMAGING = re.findall(r"```hl7\n(.*?)```", TEXT, re.DOTALL)
ADAPTER: Adapter = entry_points(group="hie.adapters")["hl7v2"].load()
SECTIONS = (
    "Observation", "DiagnosticReport", "DiagnosticReport of imaging", "Patient", "Specimen",
    "ServiceRequest", "PractitionerRole", "Practitioner, Organization, Device", "Provenance",
)  # fmt: skip


def built(message: str) -> Built:
    decoded = ADAPTER.decode(message.replace("\n", "\r").encode(), SITE)
    (record,) = decoded.records
    assert isinstance(record, LabReportRecord | ImagingReportRecord)
    found = made(record, sent=decoded.sent, ids=Ids())
    assert found.issues == []
    return found


def example(section: str) -> Resource:
    """What the code makes for a section; the last of a type, which says most."""
    of = built(IMAGING if section.endswith("imaging") else LABORATORY)
    kind = section.split()[0].rstrip(",")
    return [one for key, one in of.resources.items() if key.type == kind][-1]


def block(section: str) -> re.Match[str]:
    found = re.search(
        rf"^## {re.escape(section)}\n(?:(?!^## ).)*?```json\n(.*?)```",
        PAGE.read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    assert found is not None, section
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_an_example_is_what_the_code_builds(section: str) -> None:
    resource = example(section)
    assert check({**resource, "id": "x1"}) == []
    if os.environ.get("HIE_ACCEPT_SAMPLES"):
        shown = msgspec.json.format(write(resource), indent=2).decode()
        place = block(section)
        text = PAGE.read_text("utf-8")
        PAGE.write_text(f"{text[: place.start(1)]}{shown}\n{text[place.end(1) :]}", "utf-8")
    assert parse(block(section)[1].encode()) == resource


def test_every_section_and_every_type_has_its_example() -> None:
    assert tuple(re.findall(r"^## (.*)$", TEXT, re.MULTILINE)) == (*SECTIONS, "Issues")
    types = {key.type for key in built(LABORATORY).resources}
    assert types <= set(re.findall(r"[A-Z][A-Za-z]+", " ".join(SECTIONS)))


def test_every_extension_that_is_built_is_named() -> None:
    names: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            url = node.get("url")
            if isinstance(url, str):
                names.add(url.rpartition("/")[2])
            for part in node.values():
                walk(part)
        elif isinstance(node, list):
            for part in node:
                walk(part)

    for message in (LABORATORY, IMAGING):
        for resource in built(message).resources.values():
            walk(resource)
    assert [
        name for name in sorted(names) if f"`X/{name}`" not in TEXT and f"`{name}`" not in TEXT
    ] == []


def test_every_issue_of_building_and_linking_is_named() -> None:
    hub = Path(__file__).parents[2] / "hie"
    files = [
        *(hub / "canonical").glob("*.py"),
        *(hub / "exchange" / name for name in ("finish.py", "link_study.py", "process.py")),
    ]
    of_images = {"imaging.py", "study_keys.py", "study_facts.py"}  # docs/dicom.md
    text = "".join(file.read_text("utf-8") for file in files if file.name not in of_images)
    written = re.findall(
        r'(?:Issue\(\s*"(?:build|check|store|identify)",|_told\(|_of_others\(others, own,)\s*"([a-z-]+)"',
        text,
    )
    assert len(set(written)) > 8
    assert [code for code in sorted(set(written)) if f"| `{code}` |" not in TEXT] == []
