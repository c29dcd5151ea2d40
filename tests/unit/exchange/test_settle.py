"""Which of two versions stands: by status and time, never by arrival alone."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations

import pytest

from hie.exchange.settle import RANK, Settled, Standing, same_content, settle
from hie.fhir import Resource

ORDER = (
    ("registered", "unknown"), ("preliminary",), ("partial",), ("final", "appended"),
    ("amended", "corrected"), ("cancelled", "entered-in-error"),
)  # fmt: skip
HOUR = 3_600_000_000


def version(status: str, value: str = "4.1") -> Resource:
    return {"resourceType": "Observation", "status": status, "valueString": value}


def at(status: str, issued: int | None = 0, sent: int | None = 0) -> Standing:
    return Standing(
        status,
        None if issued is None else issued * HOUR,
        None if sent is None else sent * HOUR,
    )


def settled(*arrivals: tuple[str, int, int]) -> str:
    """What stands after versions of (status, hour released, hour sent) arrived in this order."""
    stands: Resource | None = None
    was: Standing | None = None
    for status, issued, sent in arrivals:
        incoming, now = version(status, f"{status} {issued} {sent}"), at(status, issued, sent)
        verdict = settle(stands, incoming, was, now)
        if verdict in (Settled.NEW, Settled.REPLACES):
            stands, was = incoming, now
    assert stands is not None
    return str(stands["valueString"])


def test_the_statuses_are_ranked_as_the_reference_says() -> None:
    assert [RANK[status] for rank in ORDER for status in rank] == [
        number for number, rank in enumerate(ORDER) for _ in rank
    ]


@pytest.mark.parametrize("one", range(len(ORDER)))
@pytest.mark.parametrize("other", range(len(ORDER)))
def test_a_lower_status_never_overwrites_a_higher_however_late_it_was_released(
    one: int, other: int
) -> None:
    for low in ORDER[one]:
        for high in ORDER[other]:
            verdict = settle(version(high), version(low, "5"), at(high), at(low, 99, 99))
            expected = Settled.LATE if one < other else Settled.REPLACES
            assert verdict is expected, (low, high)


def test_the_first_is_new() -> None:
    assert settle(None, version("final"), None, at("final")) is Settled.NEW


def test_the_same_words_are_no_version_whatever_message_brought_them() -> None:
    """Cases 14 and 127."""
    one = {**version("final"), "id": "a", "meta": {"versionId": "1"}}
    assert settle(one, version("final"), at("final"), at("final", 5, 5)) is Settled.UNCHANGED


def test_a_late_preliminary_goes_to_history() -> None:
    """Case 72."""
    assert settle(
        version("final"), version("preliminary", "4.0"), at("final", 8, 9), at("preliminary", 9, 10)
    ) is Settled.LATE  # fmt: skip


def test_a_final_resent_after_its_correction_is_late() -> None:
    """Case 73."""
    verdict = settle(version("corrected", "4.2"), version("final"), at("corrected"), at("final", 9))
    assert verdict is Settled.LATE


def test_a_correction_before_its_original_stands() -> None:
    """Case 74."""
    assert settled(("corrected", 9, 9), ("final", 8, 8)) == "corrected 9 9"
    assert settled(("final", 8, 8), ("corrected", 9, 9)) == "corrected 9 9"


def test_of_two_corrections_the_later_released_stands_then_the_later_sent() -> None:
    assert settled(("corrected", 9, 9), ("corrected", 8, 12)) == "corrected 9 9"
    assert settled(("corrected", 9, 12), ("corrected", 9, 9)) == "corrected 9 12"
    assert settled(("corrected", 9, 9), ("amended", 9, 12)) == "amended 9 12"


def test_of_two_that_nothing_tells_apart_the_later_arrival_stands() -> None:
    one, other = version("final", "4.1"), version("final", "4.2")
    assert settle(one, other, at("final"), at("final")) is Settled.REPLACES


def test_a_withdrawal_stands_against_everything_but_a_later_withdrawal() -> None:
    """Cases 63 and 76."""
    assert settled(("entered-in-error", 9, 9), ("corrected", 12, 12)) == "entered-in-error 9 9"
    assert settled(("cancelled", 9, 9), ("entered-in-error", 10, 10)) == "entered-in-error 10 10"


def test_a_version_without_times_is_older_than_one_with_them() -> None:
    stands, incoming = version("final", "4.1"), version("final", "4.2")
    unknown = Standing("final", None, None)
    assert settle(stands, incoming, at("final", 8, 8), unknown) is Settled.LATE
    assert settle(stands, incoming, unknown, at("final", 8, 8)) is Settled.REPLACES


STORY = (
    ("registered", 0, 6), ("preliminary", 7, 7), ("final", 8, 8), ("corrected", 9, 9),
    ("corrected", 10, 10),
)  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(STORY)))
def test_a_story_ends_alike_in_whatever_order_it_is_told(
    order: Sequence[tuple[str, int, int]],
) -> None:
    assert settled(*order) == "corrected 10 10"
    assert settled(*order, *order) == "corrected 10 10"


def test_digits_and_kinds_of_numbers_count() -> None:
    """Case 98: 5.10 and 5.1 are two results."""
    one = {"valueQuantity": {"value": Decimal("5.10")}}
    assert not same_content(one, {"valueQuantity": {"value": Decimal("5.1")}})
    assert same_content(one, {"valueQuantity": {"value": Decimal("5.10")}, "meta": {}, "id": "x"})
    assert not same_content({"a": "1"}, {"a": 1})
    assert not same_content({"a": True}, {"a": 1})
    assert not same_content({"a": [1, 2]}, {"a": [2, 1]})
