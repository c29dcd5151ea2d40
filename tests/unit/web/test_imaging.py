"""The viewer's page: which series and which image it opens with."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from hie.settings import Settings
from hie.web.pages import imaging
from hie.web.render import Person, page
from tests.unit.web.answers import CLASSES, SERIES, candidate, examination, finding, series

OWN = "/patients/1/images/s1"


def _context(query: str = "", **change: Any) -> dict[str, Any]:
    patient = {"id": "1", "name": "张三", "sex": "male", "birth_date": "", "identifier": ""}
    found = {
        "study": examination(**change),
        "classes": CLASSES,
        "gates": [3, 5],
        "patient": patient | {"institutions": 1},
        "beside": None,
        "others": [],
    }
    return imaging._context(_request(query), found, None, "/patients/1", "en")


def _request(query: str) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": OWN,
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost")],
            "server": ("localhost", 80),
            "scheme": "http",
            "app": SimpleNamespace(state=SimpleNamespace(hub=SimpleNamespace(settings=Settings()))),
        }
    )


def _text(query: str = "", **change: Any) -> str:
    response = page(
        _request(query + "&lang=en"),
        "imaging.html",
        Settings(),
        person=Person("李四", "", "c", sees_patients=True),
        problem="",
        **_context(query, **change),
    )
    return bytes(response.body).decode()


def test_the_series_that_was_asked_for_is_open_and_otherwise_the_first() -> None:
    two = [series("1.1", number=1), series("1.2", number=2)]
    for query, current in (("", "1.1"), ("series=1.2", "1.2"), ("series=9.9", "1.1")):
        listed = _context(query, series=two)["series"]
        assert [one["uid"] for one in listed if one["current"]] == [current]


@pytest.mark.parametrize(
    ("image", "at"), [("", 1), ("image=2", 2), ("image=0", 1), ("image=99", 2), ("image=x", 1)]
)
def test_without_scripts_an_image_of_the_series_is_drawn(image: str, at: int) -> None:
    plain = _context(image)["plain"]
    assert plain["src"].endswith(f"/series/{SERIES}/instances/{SERIES}.{at}/rendered")
    assert plain["place"] == f"image {at} of 2"
    assert (plain["previous"] is None, plain["next"] is None) == (at == 1, at == 2)


@pytest.mark.parametrize(("count", "ahead"), [(30, ""), (31, "1.1.16"), (300, "1.1.151")])
def test_of_a_long_series_the_middle_is_fetched_ahead(count: int, ahead: str) -> None:
    instances = [f"1.1.{n}" for n in range(1, count + 1)]
    (one,) = _context(series=[series("1.1", count=count, instances=instances)])["series"]
    assert one["ahead"] == ahead


def test_without_images_the_reason_stands_where_they_would() -> None:
    text = _text(received=0)
    assert "No images were received." in text
    assert "<canvas" not in text
    assert "viewer.js" not in text


def test_what_is_missing_is_said_above_the_images() -> None:
    text = _text(received=18, expected=20)
    assert "2 of 20 are missing" in text
    assert "<canvas" in text


def test_verdict_reasons_and_report_stand_beside_the_images() -> None:
    one = candidate("do_not_recognise", mark="京津冀HR", findings=[finding("R-601", fired=True)])
    text = _text(candidate=one)
    assert "Not recognisable" in text
    assert "words of R-601" in text
    assert "双肺纹理清晰。" in text
    assert "Not for primary diagnosis" in text
    assert f'href="/patients/1?item={examination()["key"]}"' in text
