"""What a recognised result saves: once for each billable item, at the receiver's tariff."""

from typing import Any

import pytest

from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import load_catalogue
from hie.recognition.savings import savings
from tests.unit.recognition.records import policy, question

REVIEW, YES, NO, NONE = Outcome.REVIEW, Outcome.RECOGNISE, Outcome.REFUSE, Outcome.NONE


def saved(*orders: tuple[str, Outcome], policies: Any = ()) -> list[str | None]:
    items = load_catalogue().items
    found = savings([(items[key], outcome) for key, outcome in orders], question(policies=policies))
    return [None if one is None else str(one.amount) for one in found]


@pytest.mark.parametrize(
    ("outcome", "amount"), [(YES, "8.50"), (REVIEW, "8.50"), (NO, None), (NONE, None)]
)
def test_only_what_may_stand_in_saves(outcome: Outcome, amount: str | None) -> None:
    assert saved(("K", outcome)) == [amount]


def test_the_blood_counts_are_one_billable_item() -> None:
    assert saved(("WBC", YES), ("K", YES), ("PLT", REVIEW), ("HGB", YES)) == [
        "30.00", "8.50", "0.00", "0.00",
    ]  # fmt: skip


@pytest.mark.parametrize("must_run", [NO, NONE])
def test_a_panel_that_must_be_run_anyway_saves_nothing(must_run: Outcome) -> None:
    assert saved(("WBC", YES), ("PLT", must_run), ("HGB", REVIEW)) == ["0.00", None, "0.00"]


def test_one_item_ordered_twice_saves_once() -> None:
    assert saved(("K", YES), ("K", YES)) == ["8.50", "0.00"]


def test_the_receivers_tariff_goes_before_the_catalogues() -> None:
    own = [policy("region:13", prices={"250304001": "7.255"})]
    assert saved(("K", YES), ("NA", YES), policies=own) == ["7.26", "8.50"]
    found = savings([(load_catalogue().items["K"], YES)], question(policies=own))[0]
    assert found is not None
    assert (found.billable, found.basis) == ("250304001", "the receiver's tariff")


def test_images_stand_alone_each_order_for_itself() -> None:
    classes = load_catalogue().classes
    orders = [(classes[key], out) for key, out in (("CT", YES), ("CT", REVIEW), ("CT", NO),
                                                   ("NM", YES), ("US", NONE))]  # fmt: skip
    found = savings(orders, question())
    assert [one and str(one.amount) for one in found] == ["135.00", "135.00", None, "7000.00", None]
    assert [one and one.billable for one in found] == ["CT", "CT", None, "NM", None]


def test_the_receivers_tariff_counts_for_images_too() -> None:
    own = [policy("region:13", prices={"CT": "120"})]
    found = savings([(load_catalogue().classes["CT"], YES)], question(policies=own))[0]
    assert found is not None
    assert (str(found.amount), found.basis) == ("120.00", "the receiver's tariff")


def test_an_item_that_is_none_saves_nothing() -> None:
    assert savings([(None, YES)], question()) == (None,)
