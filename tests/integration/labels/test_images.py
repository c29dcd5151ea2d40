"""Labels of studies: what they say, who asked, and the reports about them, whichever comes first."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.exchange.test_imaging_reports import _connected as connect_ris
from tests.integration.exchange.test_imaging_reports import _receive, message
from tests.integration.imaging.support import imaging_hub, take
from tests.integration.imaging.support import instance as _instance
from tests.integration.labels.support import everything

pytestmark = pytest.mark.anyio


def instance(**given: Any) -> bytes:
    """An image of the examination that the reports are about."""
    whose = {
        "PatientID": "P77",
        "PatientName": "张三",
        "PatientBirthDate": "19491231",
        "PatientSex": "F",
    }
    return _instance(AccessionNumber="ACC77", **whose, **given)


async def levels(hub: Any, *kinds: str) -> list[set[str]]:
    found = await everything(hub)
    return [found[kind] for kind in kinds]


async def test_an_ordinary_study_is_normal(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        await take(hub, tmp_path / "in", instance())
        assert await levels(hub, "ImagingStudy", "Patient") == [{"N"}, {"N"}]


async def test_a_department_of_the_images_counts(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        await take(hub, tmp_path / "in", instance(InstitutionalDepartmentName="精神科"))
        assert await levels(hub, "ImagingStudy", "Patient") == [{"R"}, {"N"}]


async def test_words_of_the_images_count(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        await take(hub, tmp_path / "in", instance(StudyDescription="HIV相关脑病 头颅"))
        assert await levels(hub, "ImagingStudy") == [{"R"}]


@pytest.mark.parametrize("first", ["study", "report"])
async def test_a_study_is_as_high_as_its_report_whichever_comes_first(
    place: Any, tmp_path: Path, first: str
) -> None:
    async with imaging_hub(place) as hub:
        await connect_ris(hub)
        told = message(says="符合艾滋病相关改变")
        for step in (first, "report" if first == "study" else "study"):
            if step == "study":
                await take(hub, tmp_path / "in", instance())
            else:
                await _receive(hub, told)
        assert await levels(hub, "DiagnosticReport", "ImagingStudy") == [{"R"}, {"R"}]


@pytest.mark.parametrize("first", ["study", "report"])
async def test_a_report_is_as_high_as_its_study_whichever_comes_first(
    place: Any, tmp_path: Path, first: str
) -> None:
    async with imaging_hub(place) as hub:
        await connect_ris(hub)
        for step in (first, "report" if first == "study" else "study"):
            if step == "study":
                await take(hub, tmp_path / "in", instance(InstitutionalDepartmentName="精神科"))
            else:
                await _receive(hub, message())
        assert await levels(hub, "DiagnosticReport", "ImagingStudy") == [{"R"}, {"R"}]
