"""What a recognised result saves: once for each billable item, at the receiver's tariff."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.assessment import Outcome
from hie.recognition.catalogue import load_catalogue
from hie.recognition.policy import build_policy
from hie.recognition.savings import savings, tariff
from tests.unit.recognition.records import policy, question, receiver

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


KEYS = ("K", "NA", "CRE", "WBC", "PLT", "HGB", "RBC", "HCT", "CT", "MRI")


@given(
    st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(list(Outcome))), max_size=12),
    st.dictionaries(
        st.sampled_from(["250304001", "250101015", "CT"]),
        st.decimals(0, 500, places=3).map(str),
        max_size=3,
    ),
)
def test_a_request_never_saves_more_than_its_distinct_billables_cost(
    orders: list[tuple[str, Outcome]], prices: dict[str, str]
) -> None:
    """Beside what the rules say of savings, line by line, written another way."""
    catalogue = load_catalogue()
    entries = [(catalogue.items.get(k) or catalogue.classes[k], out) for k, out in orders]
    asked = question(policies=[policy("region:13", prices=prices)])
    found = savings(entries, asked)
    limit = Decimal(0)
    billed: dict[str, list[int]] = {}
    for n, (entry, outcome) in enumerate(entries):
        assert (found[n] is None) == (outcome not in (YES, REVIEW) or entry.price is None)
        if entry.price is not None:
            alone = f" {n}" if entry.kind == "imaging" else ""
            billed.setdefault(entry.price.code + alone, []).append(n)
    for code, places in billed.items():
        entry = entries[places[0]][0]
        assert entry.price is not None
        price = Decimal(prices.get(entry.price.code, entry.price.amount))
        price = price.quantize(Decimal("0.01"), ROUND_HALF_UP)
        limit += price
        amounts = [one.amount for n in places if (one := found[n]) is not None]
        run = any(entries[n][1] in (NO, NONE) for n in places)
        wanted = [Decimal(0)] * len(amounts) if run else [price] + [Decimal(0)] * (len(places) - 1)
        assert amounts == wanted, code
    assert sum(one.amount for one in found if one is not None) <= limit


@given(st.permutations([("WBC", YES), ("PLT", REVIEW), ("K", YES), ("CT", YES), ("HGB", YES)]))
def test_the_order_of_lines_changes_which_carries_the_amount_not_the_sum(
    orders: list[tuple[str, Outcome]],
) -> None:
    catalogue = load_catalogue()
    entries = [(catalogue.items.get(k) or catalogue.classes[k], out) for k, out in orders]
    assert sum(one.amount for one in savings(entries, question()) if one) == Decimal("173.50")


@pytest.mark.parametrize(("day", "amount"), [("2026-05-31", "8.50"), ("2026-06-01", "9.00")])
def test_a_tariff_is_that_of_the_day(day: str, amount: str) -> None:
    book = build_policy([policy("region:13", "2026-06-01", prices={"250304001": "9"})])
    found = tariff(load_catalogue().items["K"], receiver(), date.fromisoformat(day), book)
    assert found is not None
    assert str(found.amount) == amount
