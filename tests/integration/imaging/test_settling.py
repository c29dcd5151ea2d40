"""What becomes of instances: once, changed, late, of somebody else, taken back, broken off."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from hie.exchange.commands import run
from hie.exchange.keep_instances import arrival_ended, keep_file
from hie.exchange.process import drain
from hie.exchange.publish_study import publish_due
from hie.store.arrivals import Outcome
from hie.store.instance_files import InstanceFiles
from tests.integration.exchange.test_imaging_reports import _connected as connect_ris
from tests.integration.exchange.test_imaging_reports import _receive, message
from tests.integration.imaging.support import (
    SITE,
    add_site,
    count,
    fact,
    imaging_hub,
    instance,
    profile,
    rejection,
    studies,
    take,
)

pytestmark = pytest.mark.anyio


def slices(number: int) -> list[bytes]:
    return [instance(InstanceNumber=n) for n in range(1, number + 1)]


async def arrive(hub: Any, *contents: bytes, arrival: str | None = None) -> None:
    files = InstanceFiles.below(hub.settings.data_dir)
    for content in contents:
        file, path = files.new()
        with file:
            file.write(content)
        await keep_file(hub, SITE, path, {"client": "test"}, arrival=arrival)


async def test_a_study_is_registered_then_published_with_its_counts(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub:
        receipts = await take(hub, tmp_path / "in", *slices(3))
        assert {one["state"] for one in receipts} == {"stored"}
        (study,) = await studies(hub)
        assert study["status"] == "available"
        assert (study["numberOfSeries"], study["numberOfInstances"]) == (1, 3)
        assert fact(study, "class") == "CT"
        assert fact(study, "retrievable") is True
        assert await count(hub, "SELECT count(*) FROM instance WHERE state = 'current'") == 3


async def test_until_it_is_quiet_a_study_stays_registered(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place, profile(quiet=600)) as hub:
        await take(hub, tmp_path / "in", *slices(2))
        (study,) = await studies(hub)
        assert study["status"] == "registered"
    # Restarted after the quiet time: the time it is due lies in the database.
    async with imaging_hub(place, profile(quiet=600)) as hub:
        async with hub.db.unit() as unit:
            await unit.execute("UPDATE study SET due_us = 1")
        assert await publish_due(hub) == 1
        (study,) = await studies(hub)
        assert (study["status"], study["numberOfInstances"]) == ("available", 2)


async def test_the_same_instance_again_changes_nothing(place: Any, tmp_path: Path) -> None:
    content = instance()
    async with imaging_hub(place) as hub:
        first, again = await take(hub, tmp_path / "in", content, content)
        assert again["duplicate_of"] == first["message"]
        (study,) = await studies(hub)
        assert study["meta"]["versionId"] == "2"
        assert await count(hub, "SELECT count(*) FROM message") == 1
        files = list((place.data_dir / "instances").glob("[0-9a-f][0-9a-f]/*.dcm"))
        assert [path.stat().st_mode & 0o777 for path in files] == [0o600]


async def test_another_file_head_is_still_the_same_instance(place: Any, tmp_path: Path) -> None:
    content = instance(SOPInstanceUID="1.2.3")
    other = bytes(128).replace(b"\0", b"x") + content[128:]
    async with imaging_hub(place) as hub:
        first, again = await take(hub, tmp_path / "in", content, other)
        assert again["duplicate_of"] == first["message"]


@pytest.mark.parametrize(
    ("overwrite", "code"), [(True, "instance-replaced"), (False, "instance-set-aside")]
)
async def test_a_changed_instance_replaces_or_stands_aside_by_profile(
    place: Any, tmp_path: Path, overwrite: bool, code: str
) -> None:
    chosen = profile(more=f"overwrite = {str(overwrite).lower()}")
    async with imaging_hub(place, chosen) as hub:
        receipts = await take(
            hub,
            tmp_path / "in",
            instance(SOPInstanceUID="1.2.3", SeriesDescription="first"),
            instance(SOPInstanceUID="1.2.3", SeriesDescription="second"),
        )
        assert code in [issue["code"] for issue in receipts[1]["issues"]]
        (study,) = await studies(hub)
        assert study["numberOfInstances"] == 1
        assert study["series"][0]["description"] == ("second" if overwrite else "first")
        assert await count(hub, "SELECT count(*) FROM instance WHERE state = 'replaced'") == 1
        assert await count(hub, "SELECT count(*) FROM instance") == 2


@pytest.mark.parametrize(
    "other",
    [
        {"PatientID": "P2"},
        {"PatientName": "Li^Na=李^娜"},
        {"PatientSex": "F"},
        {"PatientBirthDate": "19710102"},
    ],
)
async def test_a_study_under_another_patient_is_held(
    place: Any, tmp_path: Path, other: dict[str, str]
) -> None:
    async with imaging_hub(place) as hub:
        receipts = await take(hub, tmp_path / "in", instance(), instance(**other))
        assert [one["state"] for one in receipts] == ["stored", "held"]
        assert "study-patient-conflict" in [i["code"] for i in receipts[1]["issues"]]
        (study,) = await studies(hub)
        assert study["numberOfInstances"] == 1


async def test_a_study_uid_reused_for_another_accession_is_held(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        receipts = await take(hub, tmp_path / "in", instance(), instance(AccessionNumber="A2"))
        assert [one["state"] for one in receipts] == ["stored", "held"]
        assert "study-accession-conflict" in [i["code"] for i in receipts[1]["issues"]]


async def test_instances_that_come_later_are_a_new_version(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        await take(hub, tmp_path / "in", *slices(2))
        before = (await studies(hub))[0]
        await take(hub, tmp_path / "in", instance(InstanceNumber=3, SeriesInstanceUID="1.2.9"))
        (study,) = await studies(hub)
        assert int(study["meta"]["versionId"]) > int(before["meta"]["versionId"])
        assert (study["numberOfSeries"], study["numberOfInstances"]) == (2, 3)


async def test_a_rejection_note_takes_instances_back(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        bad, good = generate_uid(), generate_uid()
        await take(
            hub, tmp_path / "in", instance(SOPInstanceUID=bad), instance(SOPInstanceUID=good)
        )
        await take(hub, tmp_path / "in", rejection(bad))
        (study,) = await studies(hub)
        listed = {one["uid"] for series in study["series"] for one in series["instance"]}
        assert good in listed
        assert bad not in listed
        assert fact(study, "rejected") == 1
        assert await count(hub, "SELECT sop FROM instance WHERE state = 'rejected'") == bad


async def test_a_study_whose_every_image_is_rejected_is_in_error(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub:
        bad = generate_uid()
        await take(hub, tmp_path / "in", instance(SOPInstanceUID=bad), rejection(bad))
        (study,) = await studies(hub)
        assert study["status"] == "entered-in-error"


async def test_half_a_study_stays_registered_until_it_is_sent_again(place: Any) -> None:
    whole = slices(4)
    async with imaging_hub(place) as hub:
        await arrive(hub, *whole[:2], arrival="one")
        await arrival_ended(hub, "one", Outcome.LOST)
        (study,) = await studies(hub)
        assert study["status"] == "registered"
        await arrive(hub, *whole, arrival="two")
        (study,) = await studies(hub)
        assert study["status"] == "registered"  # the second is still open
        await arrival_ended(hub, "two", Outcome.RELEASED)
        (study,) = await studies(hub)
        assert (study["status"], study["numberOfInstances"]) == ("available", 4)


async def test_an_interrupted_study_that_is_whole_by_its_own_count_is_published(
    place: Any,
) -> None:
    async with imaging_hub(place) as hub:
        contents = [instance(InstanceNumber=n, NumberOfStudyRelatedInstances=2) for n in (1, 2)]
        await arrive(hub, *contents, arrival="one")
        await arrival_ended(hub, "one", Outcome.LOST)
        (study,) = await studies(hub)
        assert study["status"] == "available"


async def test_a_truncated_instance_is_held_and_its_study_is_not_whole(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub:
        receipts = await take(hub, tmp_path / "in", instance(), instance(InstanceNumber=2)[:-40])
        assert [one["state"] for one in receipts] == ["stored", "held"]
        assert "truncated" in [issue["code"] for issue in receipts[1]["issues"]]
        (study,) = await studies(hub)
        assert (fact(study, "expected"), fact(study, "received")) == (2, 1)
        given_up = {"message": receipts[1]["message"], "reason": "sent again under another UID"}
        await run(hub, "message-drop", given_up)
        (study,) = await studies(hub)
        assert (fact(study, "expected"), fact(study, "received")) == (1, 1)


async def test_images_left_at_their_source_are_known_and_not_kept(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place, profile(more='keep = "source"')) as hub:
        await take(hub, tmp_path / "in", instance())
        (study,) = await studies(hub)
        assert fact(study, "retrievable") is False
        assert "endpoint" not in study
        assert await count(hub, "SELECT count(*) FROM instance WHERE at_hub") == 0


async def test_many_at_once_of_several_studies_and_once_more(place: Any) -> None:
    contents = [
        instance(
            StudyInstanceUID=f"1.2.{study}",
            SeriesInstanceUID=f"1.2.{study}.1",
            PatientID=f"P{study}",
            AccessionNumber=f"A{study}",
            InstanceNumber=n,
        )
        for n in range(1, 11)
        for study in range(1, 9)
    ]
    async with imaging_hub(place) as hub:
        await asyncio.gather(*(arrive(hub, content) for content in (*contents, *contents)))
        await drain(hub)
        found = await studies(hub)
        assert len(found) == 8
        assert {one["numberOfInstances"] for one in found} == {10}
        assert await count(hub, "SELECT count(*) FROM message") == 80
        assert await count(hub, "SELECT count(*) FROM patient") == 8


async def test_a_study_that_is_held_is_seen_and_released_by_replaying_its_message(
    place: Any, tmp_path: Path
) -> None:
    """Its number leads to another patient's report; a person finds out that both are one."""
    async with imaging_hub(place) as hub:
        await connect_ris(hub)
        await _receive(hub, message())  # 张三's report, accession number ACC77
        await take(hub, tmp_path / "in", instance(AccessionNumber=None))
        late = instance(InstanceNumber=2, AccessionNumber="ACC77")
        (receipt,) = await take(hub, tmp_path / "late", late)
        (study,) = await studies(hub)
        assert study["numberOfInstances"] == 1
        held = await run(hub, "message-list", {"state": "held"})
        assert [one["message"] for one in held["messages"]] == [receipt["message"]]
        assert "report-of-another-patient" in held["messages"][0]["codes"]
        checks = {one["check"]: one for one in (await run(hub, "doctor", {}))["checks"]}
        assert not checks["studies"]["ok"]
        assert checks["sources"]["ok"]
        # Replayed as it is, it is held again and not lost.
        replay = {"messages": [receipt["message"]]}
        answer = await run(hub, "message-replay", replay)
        assert [one["state"] for one in answer["messages"]] == ["held"]
        async with hub.db.reading() as reader:
            homes = [row[0] for row in await reader.fetch("SELECT id FROM patient")]
        assert len(homes) == 2
        why = {"patients": homes, "reason": "one person, registered twice"}
        await run(hub, "identity-join", why)
        answer = await run(hub, "message-replay", replay)
        assert [one["state"] for one in answer["messages"]] == ["stored"]
        (study,) = await studies(hub)
        assert (study["status"], study["numberOfInstances"]) == ("available", 2)
        assert await count(hub, "SELECT state FROM study") == "published"


async def test_whose_counts_are_taken_is_the_profile_s_to_say(place: Any, tmp_path: Path) -> None:
    contents = [instance(InstanceNumber=n, NumberOfStudyRelatedInstances=9) for n in (1, 2)]
    only = profile() + 'expected = ["manifest", "report"]\n'
    async with imaging_hub(place) as hub:
        await add_site(hub, "other", only)
        await take(hub, tmp_path / "in", *contents)
        await take(hub, tmp_path / "in2", *contents, site="other")
        found = {fact(one, "expected") for one in await studies(hub)}
        assert found == {9, 2}


async def test_a_rejected_report_of_a_study_is_a_document_in_error(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub:
        sop = generate_uid()
        dose = instance(
            SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67",
            SOPInstanceUID=sop,
            SeriesInstanceUID="1.2.99",
            Modality="SR",
        )
        await take(hub, tmp_path / "in", instance(), dose)
        assert await count(hub, "SELECT status FROM document_reference") == "current"
        await take(hub, tmp_path / "in", rejection(sop))
        (study,) = await studies(hub)
        assert study["status"] == "available"
        assert await count(hub, "SELECT status FROM document_reference") == "entered-in-error"
        assert await count(hub, "SELECT version FROM document_reference") == 2
        await take(hub, tmp_path / "in", instance(InstanceNumber=2))
        assert await count(hub, "SELECT version FROM document_reference") == 2
