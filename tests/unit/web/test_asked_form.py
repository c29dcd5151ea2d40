"""In which form a record is given: a suffix, else what Accept prefers; nothing else is answered."""

from typing import Any

import pytest
from starlette.requests import Request

from hie.errors import InvalidRequest, NotAcceptable
from hie.web.pages.asked_form import charset_of, form_of
from hie.web.pages.record import FORMS


def asked(accept: str | None = None, query: str = "", form: str | None = None) -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "headers": headers,
        "query_string": query.encode(),
        "path_params": {} if form is None else {"form": form},
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("application/fhir+json", "json"),
        ("application/pdf", "pdf"),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "html"),
        ("application/pdf;q=0.5, text/html;q=0.7", "html"),
        ("application/pdf;q=0, */*;q=0.1", "json"),
        ("x-application/hl7-v2+er7", "hl7"),
        ("APPLICATION/PDF", "pdf"),
        ("application/*", "json"),
        ("text/xml, application/pdf;q=0.01", "pdf"),
    ],
)
def test_accept_says_in_which_form(accept: str | None, form: str) -> None:
    assert form_of(asked(accept), FORMS) == form


@pytest.mark.parametrize("accept", ["text/xml", "", "application/pdf;q=0", "application/pdf;q=x"])
def test_what_is_not_spoken_is_not_answered(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        form_of(asked(accept), FORMS)


def test_a_suffix_decides() -> None:
    assert form_of(asked("text/html", form="pdf"), FORMS) == "pdf"
    with pytest.raises(InvalidRequest):
        form_of(asked("text/html", form="docx"), FORMS)


def test_a_charset_belongs_to_an_hl7_file() -> None:
    assert charset_of(asked(), "pdf") == "UNICODE UTF-8"
    assert charset_of(asked(query="charset=GB%2018030-2000"), "hl7") == "GB 18030-2000"
    for query, form in (
        ("charset=GB%2018030-2000", "pdf"),
        ("charset=utf-8", "hl7"),
        ("charset=UNICODE%20UTF-8&charset=GB%2018030-2000", "hl7"),
        ("charset=", "hl7"),
    ):
        with pytest.raises(InvalidRequest):
            charset_of(asked(query=query), form)
