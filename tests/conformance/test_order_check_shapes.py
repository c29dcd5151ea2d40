"""The published shapes of the order-check: what is taken fits one, what is answered the other."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hie.errors import UnprocessableRequest
from hie.recognition.candidate import Candidate
from hie.recognition.eligibility import Registers
from hie.recognition.request_order import Order
from hie.schemas import shape_faults
from tests.unit.recognition.records import a_candidate, question
from tests.unit.recognition.test_answer import answer
from tests.unit.recognition.test_engine import ITEMS, books, candidates, policies
from tests.unit.recognition.test_imaging_laws import books as image_books
from tests.unit.recognition.test_imaging_laws import images, orders
from tests.unit.recognition.test_request import BODY, JSON, PLACES, parse, with_


@given(
    st.lists(candidates(), max_size=6, unique_by=lambda c: c.resource), books(), policies(),
)  # fmt: skip
@settings(max_examples=50)
def test_every_answer_has_its_published_shape(
    known: list[Candidate], registers: Registers, entries: Any
) -> None:
    asked = question(books=registers, policies=entries)
    found = answer(*known, items=tuple(ITEMS), asked=asked)
    assert shape_faults(found, "order-check-answer", "answer") == ()


@given(
    st.lists(images(), max_size=6, unique_by=lambda c: c.resource), image_books(), policies(),
    st.lists(orders(), min_size=1, max_size=4),
)  # fmt: skip
@settings(max_examples=50)
def test_every_answer_about_images_has_its_published_shape(
    known: list[Candidate], registers: Registers, entries: Any, asked: list[Order]
) -> None:
    said = {"item", "body_part", "laterality", "contrast", "protocol", "tracer"}
    lines = [{key: getattr(one, key) for key in said} for one in asked]
    found = answer(*known, orders=lines, asked=question(books=registers, policies=entries))
    assert shape_faults(found, "order-check-answer", "answer") == ()


def test_an_answer_without_results_has_it_too() -> None:
    assert shape_faults(answer(items=("K", "NA")), "order-check-answer", "answer") == ()
    assert shape_faults(answer(a_candidate()), "order-check-answer", "answer") == ()


@given(PLACES, JSON)
def test_what_the_reader_takes_has_its_published_shape(path: str, value: Any) -> None:
    body = with_(path, value)
    try:
        parse(body)
    except UnprocessableRequest:
        return
    assert shape_faults(body, "order-check-request", "request") == ()


def test_the_readers_example_has_it() -> None:
    assert shape_faults(BODY, "order-check-request", "request") == ()
    assert parse(BODY)
