"""What stands after links were made and taken back is what the rest would have made alone."""

from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from hie.identity.standing import beginnings, standing

HOMES = "abcdef"
BEGAN = {home: f"person-{home}" for home in HOMES}
PAIRS = st.lists(st.tuples(st.sampled_from(HOMES), st.sampled_from(HOMES)), max_size=8)


def test_a_link_is_of_two_homes_and_not_of_whom_they_were_held_to_be() -> None:
    # b was held to be a's when c was found to be b's: without the first link, c goes with b
    assert standing(BEGAN, [("c", "b")])["b"] == standing(BEGAN, [("c", "b")])["c"] == "person-c"
    assert standing(BEGAN, [("c", "b")])["a"] == "person-a"


@given(PAIRS)
def test_the_order_of_links_names_persons_and_parts_nobody(pairs: list[tuple[str, str]]) -> None:
    one, other = standing(BEGAN, pairs), standing(BEGAN, reversed(pairs))
    for a in HOMES:
        for b in HOMES:
            assert (one[a] == one[b]) == (other[a] == other[b])
        assert one[one[a].removeprefix("person-")] == one[a]  # a name of one of their own


@given(PAIRS, st.data())
def test_taking_a_link_back_renames_nobody_who_stays(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    links: list[tuple[str, str]] = []
    for pair in pairs:
        if len(set(map(standing(BEGAN, links).get, pair))) == 2:
            links.append(pair)
    if not links:
        return
    gone = data.draw(st.integers(0, len(links) - 1))
    before, after = standing(BEGAN, links), standing(BEGAN, links[:gone] + links[gone + 1 :])
    assert len(set(after.values())) == len(set(before.values())) + 1
    assert set(before.values()) <= set(after.values())
    moved = [home for home in HOMES if before[home] != after[home]]
    assert len({after[home] for home in moved}) == 1


def test_homes_begin_where_their_first_link_found_them() -> None:
    now = {"a": "C", "b": "C", "c": "C", "d": "D"}
    moves = [("B", ["b"]), ("A", ["a", "b"])]
    assert beginnings(now, moves) == {"a": "A", "b": "B", "c": "C", "d": "D"}


def test_clocks_that_disagree_make_no_two_homes_one() -> None:
    names = count(1)
    now = {"a": "C", "b": "C", "c": "C"}  # the second link of a and b is said to be the first
    found = beginnings(now, [("A", ["a", "b"]), ("B", ["b"])], lambda: f"new{next(names)}")
    assert max(Counter(found.values()).values()) == 1
    assert set(standing(found, []).values()) == set(found.values())
