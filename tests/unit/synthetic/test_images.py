"""The drawn pictures: DICOM that the adapter reads without a word, the same every time."""

import hashlib
import importlib.metadata
import io
import tomllib
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import jsonschema_rs
import pydicom
import pytest

from hie.adapter import Adapter, Decoded, Site
from hie.records import InstanceRecord
from hie.synthetic import Manifest, generate
from hie.synthetic.imaging.course import examined
from hie.synthetic.imaging.departments import DEPARTMENTS
from hie.synthetic.imaging.dicom_file import files
from hie.synthetic.imaging.examinations import EXAMINATIONS
from hie.synthetic.imaging.stories import ORDERED, TOLD
from hie.synthetic.imaging.study import Department
from hie.synthetic.people import make_person

TODAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return generate(tmp_path_factory.mktemp("region"), seed=1, today=TODAY, images=True)


@pytest.fixture(scope="module")
def adapter() -> Adapter:
    (found,) = importlib.metadata.entry_points(group="hie.adapters", name="dicom")
    loaded: Adapter = found.load()
    return loaded


def archives(region: Manifest) -> dict[str, tuple[Site, Path]]:
    return {
        one.site: (
            Site(one.site, one.institution, one.adapter, tomllib.loads(one.profile.read_text())),
            one.messages,
        )
        for one in region.sites
        if one.adapter == "dicom"
    }


@pytest.fixture(scope="module")
def instances(region: Manifest, adapter: Adapter) -> dict[Path, Decoded]:
    return {
        path: adapter.decode(path.read_bytes(), site)
        for site, folder in archives(region).values()
        for path in sorted(folder.iterdir())
    }


def test_an_archive_and_its_report_system_have_a_profile_that_is_one(
    region: Manifest, adapter: Adapter
) -> None:
    validator = jsonschema_rs.Draft202012Validator(dict(adapter.profile_schema))
    for site, _ in archives(region).values():
        validator.validate(dict(site.profile))
    assert {one.site for one in region.sites} >= {d.reports for d in DEPARTMENTS}


def test_every_picture_is_read_without_a_word(instances: dict[Path, Decoded]) -> None:
    assert len(instances) > 400
    assert {i.code for one in instances.values() for i in one.issues} == set()
    assert all(len(one.records) == 1 for one in instances.values())


def test_every_picture_says_that_it_is_invented(region: Manifest) -> None:
    for path in sorted((region.folder / "images").rglob("*.dcm"))[::40]:
        data = pydicom.dcmread(path, stop_before_pixels=True)
        assert "SYNTHETIC" in data.PatientComments
        assert "SYNTHETIC" in data.ImageComments


def test_the_manifest_counts_what_was_sent(
    region: Manifest, instances: dict[Path, Decoded]
) -> None:
    sent: Counter[str] = Counter()
    for one in instances.values():
        (record,) = one.records
        assert isinstance(record, InstanceRecord)
        sent[record.study.uid] += 1
    assert sent == {one.study: one.pictures for one in region.examinations if one.pictures}
    assert region.images == len(instances)


def test_all_six_classes_and_every_story_are_there(region: Manifest) -> None:
    assert {one.klass for one in region.examinations} == {"XRAY", "CT", "MRI", "US", "NM", "MG"}
    assert set(TOLD) <= {one.person for one in region.examinations}
    assert Counter(one.why for one in region.examinations if one.why).keys() == {
        "repeated within its time: no need",
        "repeated with contrast: needed",
    }


def test_there_is_a_question_about_everybody_the_departments_tell_of(region: Manifest) -> None:
    asked = {int(path.stem) for path in (region.folder / "questions").iterdir()}
    assert asked == set(TOLD) == set(ORDERED)


def test_two_slices_of_one_chest_never_arrive(region: Manifest) -> None:
    whole, short = (
        next(
            one
            for one in region.examinations
            if one.person == person and one.day == TODAY - timedelta(days=5)
        )
        for person in (34, 35)
    )
    assert (whole.pictures, short.pictures) == (20, 18)


@pytest.mark.parametrize("key", sorted(EXAMINATIONS))
@pytest.mark.parametrize("department", [DEPARTMENTS[0], DEPARTMENTS[1]], ids=["raw", "packed"])
def test_a_picture_of_each_examination_can_be_looked_at(key: str, department: Department) -> None:
    made = examined(1, make_person(1, TODAY, 40), department, key, TODAY)
    assert made.study is not None
    sent = list(files(made.study))
    assert len(sent) == sum(len(series.draw()) for series in made.study.series)
    for _, content in (sent[0], sent[-1]):
        pixels = pydicom.dcmread(io.BytesIO(content)).pixel_array
        assert pixels.max() > pixels.min()


def test_the_same_seed_and_day_give_the_same_pictures(region: Manifest, tmp_path: Path) -> None:
    again = generate(tmp_path, seed=1, today=TODAY, people=20, images=True)
    for path in sorted((again.folder / "images").rglob("*.dcm"))[::25]:
        twin = region.folder / path.relative_to(again.folder)
        assert (
            hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(twin.read_bytes()).digest()
        )


def test_progress_is_told_study_by_study(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    made = generate(
        tmp_path,
        seed=2,
        today=TODAY,
        people=6,
        images=True,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    count = len(made.examinations)
    assert seen == [(number, count) for number in range(1, count + 1)]
