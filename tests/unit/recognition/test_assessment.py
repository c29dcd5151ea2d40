"""How effects become an outcome, and outcomes an order's."""

import pytest

from hie.recognition.assessment import Effect, Outcome, best, outcome_of


@pytest.mark.parametrize(
    ("worst", "free", "capped"),
    [
        (Effect.PASS, Outcome.RECOGNISE, Outcome.REVIEW),
        (Effect.REVIEW, Outcome.REVIEW, Outcome.REVIEW),
        (Effect.REFUSE, Outcome.REFUSE, Outcome.REFUSE),
    ],
)
def test_the_worst_effect_is_the_outcome_and_a_cap_allows_a_review_at_best(
    worst: Effect, free: Outcome, capped: Outcome
) -> None:
    assert outcome_of(worst, capped=False) is free
    assert outcome_of(worst, capped=True) is capped


def test_an_orders_outcome_is_the_best_of_its_candidates() -> None:
    assert best([Outcome.REFUSE, Outcome.REVIEW]) is Outcome.REVIEW
    assert best([Outcome.REFUSE, Outcome.RECOGNISE, Outcome.REVIEW]) is Outcome.RECOGNISE
    assert best([Outcome.REFUSE]) is Outcome.REFUSE
    assert best([]) is Outcome.NONE
