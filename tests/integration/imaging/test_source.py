"""Images left at their source: fetched from a real archive, which dies, comes back, and refuses."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.ask_sources import ask_due
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.keep_instances import sweep
from hie.exchange.loading_times import loading_of
from hie.exchange.process import drain
from hie.store.served import STORED, stored
from tests.integration.exchange.test_imaging_orders import CODE, _home, _put, a_report
from tests.integration.imaging.orthanc import DICOMWEB, orthanc
from tests.integration.imaging.support import (
    SITE,
    add_site,
    count,
    fact,
    headers_of,
    instance,
    profile,
    studies,
    take,
    web,
)
from tests.integration.test_road import TODAY, _settings

pytestmark = pytest.mark.anyio
STUDY = "/dicom-web/studies/1.2.826.0.1.3680043.8.498.1"
SERIES = f"{STUDY}/series/1.2.826.0.1.3680043.8.498.1.1"
SOPS = [f"1.2.826.0.1.3680043.8.498.1.1.{n}" for n in (1, 2, 3)]
TAKEN = TODAY - timedelta(days=10)


def at_source(base: str, more: str = "") -> str:
    return profile(more='keep = "source"') + f'\n[source]\nurl = "{base}"\n{more}\n'


def slices() -> list[bytes]:
    return [
        instance(
            SOPInstanceUID=sop,
            InstanceNumber=n,
            BodyPartExamined="HEAD",
            StudyDescription="CT HEAD plain",
            StudyDate=TAKEN.strftime("%Y%m%d"),
            SliceThickness="5",
            ImagePositionPatient=[0, 0, 5 * n],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
        for n, sop in enumerate(SOPS, 1)
    ]


async def ask_now(hub: Hub) -> int:
    """What waits to be asked is asked now; what came of it is published."""
    async with hub.db.unit() as unit:
        await unit.execute("UPDATE study_source SET next_us = 1 WHERE next_us IS NOT NULL")
    done = await ask_due(hub)
    await drain(hub)
    return done


async def forget(hub: Hub) -> None:
    """Nothing that was fetched is here any more."""
    await hub.fetched.close()


async def finding(hub: Hub, home: str, rule: str) -> dict[str, Any]:
    """What a rule says of the one study, asked for now."""
    body = {
        "patient": {"reference": f"Patient/{home}"},
        "receiver": {"institution": CODE, "practitioner": "D1"},
        "encounter": {"class": "outpatient", "purpose": "treatment", "events": []},
        "orders": [{"ref": "1", "item": "CT", "body_part": "HEAD", "contrast": False}],
    }
    answer = await run(hub, "order-check", {"request": json.dumps(body)})
    (candidate,) = answer["orders"][0]["candidates"]
    return next(one for one in candidate["findings"] if one["rule"] == rule)


@pytest.mark.skipif(not DICOMWEB.exists(), reason="Orthanc's DICOMweb is not installed")
async def test_a_study_at_its_source_is_served_and_told_of_while_the_source_lives_and_dies(
    place: Any, tmp_path: Path
) -> None:
    contents = slices()
    with orthanc(tmp_path / "peer") as peer:
        keys = [peer.add(content) for content in contents]
        async with opened(_settings(place)) as hub, web(hub) as client:
            await _home(hub, tmp_path)
            await add_site(hub, SITE, at_source(peer.dicomweb), CODE)
            headers = await headers_of(hub, institution=CODE)
            await take(hub, tmp_path / "in", *contents)
            (study,) = await studies(hub)
            home = study["subject"]["reference"].removeprefix("Patient/")
            await _put(hub, home, a_report("r1", study["id"], taken=f"{TAKEN}T09:00:00+08:00"))
            assert study["status"] == "available"
            assert fact(study, "retrievable") is None  # nobody has asked the source yet
            assert (await finding(hub, home, "R-601"))["unknown"] is True

            assert await ask_now(hub) == 1
            (study,) = await studies(hub)
            assert fact(study, "retrievable") is True
            said = await finding(hub, home, "R-601")
            assert (said["fired"], said["unknown"]) == (False, False)

            await sweep(hub, -1)
            assert not list((place.data_dir / "instances").glob("[0-9a-f][0-9a-f]/*.dcm"))
            for n, sop in enumerate(SOPS):
                one = f"{SERIES}/instances/{sop}"
                alone = await client.get(one, headers={**headers, "Accept": "application/dicom"})
                assert alone.status_code == 200, alone.text
                assert alone.content == contents[n]
            whole = await client.get(STUDY, headers=headers)
            assert all(content in whole.content for content in contents)
            metadata = await client.get(f"{SERIES}/metadata", headers=headers)
            assert [m["00080018"]["Value"][0] for m in metadata.json()] == SOPS
            assert metadata.json()[0]["7FE00010"]["BulkDataURI"]
            frame = await client.get(f"{SERIES}/instances/{SOPS[0]}/frames/1", headers=headers)
            assert bytes(range(128)) in frame.content
            for url in (f"{STUDY}/thumbnail", f"{SERIES}/instances/{SOPS[0]}/rendered"):
                assert (await client.get(url, headers=headers)).status_code == 200
            looks = await count(hub, "SELECT count(*) FROM audit_access WHERE type = 'read'")

            loading = loading_of(hub.db)
            for target, slow in ((1e-9, True), (60.0, False)):
                loading.target = target
                said = await finding(hub, home, "R-611")
                assert (said["fired"], said["unknown"]) == (slow, False)

            peer.kill()
            await forget(hub)
            down = await client.get(f"{SERIES}/thumbnail", headers=headers)
            assert down.status_code == 503
            assert down.json()["errors"][0]["code"] == "source-offline"
            assert 1 <= int(down.headers["retry-after"]) <= 60
            assert (await client.get(STUDY, headers=headers)).status_code == 503
            assert (await client.get(f"{SERIES}/metadata", headers=headers)).status_code == 200
            more = await count(hub, "SELECT count(*) FROM audit_access WHERE type = 'read'")
            assert more == looks + 1  # of what was not given nothing is told
            (study,) = await studies(hub)
            assert study["status"] == "available"
            assert fact(study, "retrievable") is True
            assert await _endpoint(hub) == (
                "error",
                f"{hub.settings.address}/dicom-web/sites/{SITE}",
            )
            assert (await finding(hub, home, "R-601"))["unknown"] is True

            peer.start()
            assert await ask_now(hub) == 1
            assert (await _endpoint(hub))[0] == "active"
            assert (await client.get(f"{SERIES}/thumbnail", headers=headers)).status_code == 200
            assert (await finding(hub, home, "R-601"))["unknown"] is False

            peer.remove(keys[1])
            await forget(hub)
            gone = await client.get(f"{SERIES}/instances/{SOPS[1]}", headers=headers)
            assert gone.status_code == 502
            assert gone.json()["errors"][0]["code"] == "source-lacks-it"
            (study,) = await studies(hub)
            assert fact(study, "retrievable") is False
            assert (await finding(hub, home, "R-601"))["fired"] is True
            # Another of its images is given: the one that was refused is what it is about.
            other = await client.get(f"{SERIES}/instances/{SOPS[0]}", headers=headers)
            assert other.status_code == 200
            (study,) = await studies(hub)
            assert fact(study, "retrievable") is False

            peer.add(contents[1])
            assert await ask_now(hub) == 1
            (study,) = await studies(hub)
            assert fact(study, "retrievable") is True
            assert (await finding(hub, home, "R-601"))["fired"] is False
        assert not list((place.data_dir / "instances" / "incoming").iterdir())


async def _endpoint(hub: Hub) -> tuple[str, str]:
    async with hub.db.reading() as reader:
        row = await reader.fetchrow(
            f"SELECT {STORED} FROM endpoint"  # noqa: S608
        )
        assert row is not None
        found = json.loads(stored(reader.db, "Endpoint", row).body)
    return found["status"], found["address"]
