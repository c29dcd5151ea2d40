"""How effects become an outcome, and outcomes an order's."""

from hie.recognition.assessment import OUTCOMES, Effect, Outcome, best


def test_the_worst_effect_is_the_outcome() -> None:
    assert OUTCOMES[Effect.PASS] is Outcome.RECOGNISE
    assert OUTCOMES[Effect.REVIEW] is Outcome.REVIEW
    assert OUTCOMES[Effect.REFUSE] is Outcome.REFUSE


def test_an_orders_outcome_is_the_best_of_its_candidates() -> None:
    assert best([Outcome.REFUSE, Outcome.REVIEW]) is Outcome.REVIEW
    assert best([Outcome.REFUSE, Outcome.RECOGNISE, Outcome.REVIEW]) is Outcome.RECOGNISE
    assert best([Outcome.REFUSE]) is Outcome.REFUSE
    assert best([]) is Outcome.NONE
