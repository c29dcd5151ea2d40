"""Numbers of audit rows leave no gap that is not a removed row."""

from hie.store.numbers import Numbers


def test_a_number_given_back_is_drawn_again() -> None:
    numbers = Numbers()
    first = [numbers.draw() for _ in range(3)]
    assert first == [1, 2, 3]
    lost = [2]
    numbers.give_back(lost)
    assert lost == []
    assert [numbers.draw() for _ in range(3)] == [2, 4, 5]
