"""Every route, method and kind of caller, as the frozen table says.

After a change that is meant: `python -m tests.security routes --write`, and the table is read
before it is committed.
"""

from pathlib import Path

import pytest

from tests.places import Place
from tests.security.routes import IN, TABLE, differences, heads, laws, proven, read, write

pytestmark = pytest.mark.anyio


async def test_every_route_answers_each_kind_of_caller_as_frozen(
    place: Place, tmp_path: Path
) -> None:
    table, told = await proven(place, tmp_path)
    assert told == []
    assert differences(table, read(TABLE.read_text("utf-8"))) == []


def test_a_route_that_was_added_lost_or_changed_is_told() -> None:
    frozen = {("GET", "/a"): {"stranger": "401"}, ("GET", "/b"): {"stranger": "401"}}
    found = {("GET", "/a"): {"stranger": IN}, ("GET", "/c"): {"stranger": "401"}}
    assert differences(found, frozen) == [
        "GET /a stranger: in, frozen as 401",
        "GET /b: gone",
        "GET /c: new",
    ]
    assert read(write(found)) == found


@pytest.mark.parametrize(
    ("row", "answers", "breach"),
    [
        (("GET", "/v1/x"), {"stranger": IN, "c": IN}, "is no open door"),
        (("GET", "/v1/x"), {"stranger": "401", "doctor": IN, "c": IN}, "door of the other kind"),
        (("GET", "/page"), {"stranger": "401", "doctor": IN, "c": "403"}, "door of the other kind"),
        (("GET", "/v1/x"), {"stranger": "401", "c": "FAULT 500", "d": IN}, "FAULT 500"),
        (("GET", "/v1/x"), {"stranger": "401", "c": "403"}, "nobody is let in"),
    ],
)
def test_a_table_that_breaks_a_law_is_told(
    row: tuple[str, str], answers: dict[str, str], breach: str
) -> None:
    (line,) = laws({row: answers}, ["doctor"])
    assert breach in line


def test_a_head_that_is_not_answered_as_get_is_told() -> None:
    table = {("GET", "/v1/x"): {"c": "403"}, ("HEAD", "/v1/x"): {"c": IN}}
    assert heads(table, []) == ["HEAD /v1/x c: in, GET 403"]
    assert list(table) == [("GET", "/v1/x")]
