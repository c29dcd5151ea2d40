"""What a caller accepts, read from the header or the parameter."""

import pytest
from starlette.requests import Request

from hie.dicomweb.media import Wanted, wanted


def asked(accept: str | None, query: str = "") -> list[Wanted]:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    scope = {"type": "http", "headers": headers, "query_string": query.encode()}
    return wanted(Request(scope))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, [Wanted("*/*", None)]),
        ("*/*", [Wanted("*/*", None)]),
        ("application/dicom", [Wanted("application/dicom", False)]),
        (
            'multipart/related; type="application/dicom"; transfer-syntax=*',
            [Wanted("application/dicom", True, "*")],
        ),
        (
            "multipart/related;type=image/jls;transfer-syntax=1.2.840.10008.1.2.4.80, "
            'multipart/related; type="application/octet-stream"',
            [
                Wanted("image/jls", True, "1.2.840.10008.1.2.4.80"),
                Wanted("application/octet-stream", True),
            ],
        ),
        ("image/png;q=0.5, image/jpeg", [Wanted("image/jpeg", False), Wanted("image/png", False)]),
        ("image/png;q=0", []),
        ("multipart/related", [Wanted("*/*", True)]),
    ],
)
def test_what_is_accepted(accept: str | None, expected: list[Wanted]) -> None:
    assert asked(accept) == expected


def test_the_parameter_counts_before_the_header() -> None:
    assert asked("text/html", "accept=image/png") == [Wanted("image/png", False)]


def test_ranges_take_what_they_cover() -> None:
    (images,) = asked("image/*")
    assert images.takes("image/png")
    assert not images.takes("application/dicom")
