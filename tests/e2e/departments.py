"""Imaging departments of the synthetic region for a running hub: few examinations, each a story."""

import base64
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Final

import httpx
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.keep_instances import keep_file
from hie.store.instance_files import InstanceFiles
from hie.synthetic import Manifest
from hie.synthetic.imaging.departments import BY_LABORATORY, DEPARTMENTS
from hie.synthetic.imaging.files import all_examinations, pictures, profiles, reports
from hie.synthetic.people import Person, make_people
from tests.e2e.running import Running

# People of the cast (hie/synthetic/imaging/stories.py).
WHOLE, TWO_MISSING, COLOUR, REPORT_ALONE = 34, 35, 38, 41
_STORIES: Final = (WHOLE, TWO_MISSING, COLOUR, REPORT_ALONE)
_RECENT: Final = timedelta(days=20)


# The client system of each archive's hospital, which the demo registered.
_CLIENTS: Final = {one.archive: f"{site}.his" for site, one in BY_LABORATORY.items()}
_BOUNDARY: Final = "picture"


@dataclass
class Departments:
    """What was sent and what is to be sent: reports go in with `connect`, pictures by a door."""

    people: dict[int, Person] = field(default_factory=dict)
    pictures: list[tuple[str, bytes]] = field(default_factory=list)  # (archive's site, file)
    undecodable: bytes = b""  # another study of the person with colour pictures
    tokens: dict[str, str] = field(default_factory=dict)  # archive's site to an access token

    async def connect(self, hub: Hub, region: Manifest) -> None:
        """Sites, a client that may send pictures, and the reports."""
        adapters = {one.archive: ("dicom", one) for one in DEPARTMENTS}
        adapters |= {one.reports: ("hl7v2", one) for one in DEPARTMENTS}
        for path, profile in profiles():
            site = path.removeprefix("sites/").removesuffix(".toml")
            adapter, department = adapters[site]
            arguments = {
                "site": site,
                "institution": department.institution.code,
                "adapter": adapter,
                "profile": profile.decode().replace("quiet_seconds = 2", "quiet_seconds = 0"),
            }
            await run(hub, "site-add", arguments)
        self._tell(region.today)
        for path, content in self._reports:
            file = {"name": path.rsplit("/", 1)[1], "content": base64.b64encode(content).decode()}
            await run(hub, "receive", {"site": path.split("/")[1], "files": [file]})

    async def connect_with_tokens(self, hub: Hub, region: Manifest) -> None:
        """The same, and a token for each archive that is going to send."""
        await self.connect(hub, region)
        for site in {site for site, _ in self.pictures}:
            asked = {"client": _CLIENTS[site], "scopes": None}
            self.tokens[site] = (await run(hub, "client-token", asked))["access_token"]

    def send(self, hub: Running) -> None:
        """Every picture through STOW-RS (PS3.18 10.5), until each study is published."""
        with hub.client() as client:
            for site, token in self.tokens.items():
                mine = [content for of, content in self.pictures if of == site]
                headers = {"Authorization": f"Bearer {token}", "Accept": "application/dicom+json"}
                kind = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'
                answer = client.post(
                    f"/dicom-web/sites/{site}/studies",
                    content=_parts(mine),
                    headers=headers | {"Content-Type": kind},
                )
                assert answer.status_code == 200, answer.text
                for study in {dcmread(BytesIO(one)).StudyInstanceUID for one in mine}:
                    _await_published(client, headers["Authorization"], study)

    async def keep(self, hub: Hub) -> None:
        """Every picture kept as a door keeps it; nothing is settled or published yet."""
        files = InstanceFiles.below(hub.settings.data_dir)
        for site, content in self.pictures:
            file, path = files.new()
            with file:
                file.write(content)
            await keep_file(hub, site, path, {})

    def _tell(self, today: date) -> None:
        cast = make_people(1, today, max(_STORIES))
        self.people = {one.index: one for one in cast if one.index in _STORIES}
        told = [
            (person, one)
            for person, one in all_examinations(1, today, list(self.people.values()))
            if (study := one.study or (one.report.study if one.report else None)) is not None
            and today - study.started.date() < _RECENT
        ]
        self._reports = list(reports(told))
        self.pictures = [(path.split("/")[1], content) for path, content in pictures(told)]
        colour = [one for one in told if one[0].index == COLOUR]
        site, content = next((path.split("/")[1], found) for path, found in pictures(colour))
        self.undecodable = _undecodable(dcmread(BytesIO(content)), today)
        self.pictures.append((site, self.undecodable))


def _undecodable(like: Dataset, today: date) -> bytes:
    """A picture in 12-bit JPEG, which no free decoder reads, of the patient of another."""
    data = dcmread(get_testdata_file("JPEG-lossy.dcm", download=False))
    for element in like.group_dataset(0x0010):
        data[element.tag] = element
    data.SpecificCharacterSet = like.SpecificCharacterSet
    data.StudyDate = data.SeriesDate = f"{today - timedelta(days=15):%Y%m%d}"
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    written = BytesIO()
    data.save_as(written)
    return written.getvalue()


def _parts(files: list[bytes]) -> bytes:
    """A multipart body (RFC 2387) of DICOM files."""
    head = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(head + one + b"\r\n" for one in files) + f"--{_BOUNDARY}--\r\n".encode()


def _await_published(client: httpx.Client, token: str, study: str) -> None:
    query = f"identifier=urn:dicom:uid|urn:oid:{study}&status=available&_summary=count"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = client.get(f"/fhir/ImagingStudy?{query}", headers={"Authorization": token})
        if found.json().get("total") == 1:
            return
        time.sleep(0.05)
    raise AssertionError(f"study {study} was not published")
