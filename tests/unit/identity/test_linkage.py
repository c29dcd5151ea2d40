from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hie.identity.linkage import (
    Home,
    Join,
    Outcome,
    Shared,
    Task,
    TaskKind,
    is_shared,
    link,
)
from hie.identity.traits import Key, Trait, Traits, compare

NUMBER: Key = ("resident-id", "11010519491231002X")  # printed in GB 11643; nobody's
PASSPORT: Key = ("passport", "E00001234")


def home(key: str, *, person: str = "", dead: bool = False, **facts: Any) -> Home:
    stated = {
        "names": ("张三",),
        "sex": "female",
        "birth_date": "1949-12-31",
        "usable": frozenset({NUMBER}),
        **facts,
    }
    return Home(key, person or f"person-{key}", Traits(**stated), dead)


def test_a_common_number_without_a_conflict_joins() -> None:
    assert link(home("b"), [home("a")]) == [
        Join("person-b", "person-a", NUMBER, ("b", "a"), "strong-identifier")
    ]


def test_a_home_without_usable_numbers_is_joined_to_nobody() -> None:
    assert link(home("b", usable=frozenset()), [home("a")]) == []


def test_homes_that_are_one_person_already_are_not_joined_again() -> None:
    assert link(home("b", person="p"), [home("a", person="p"), home("b", person="p")]) == []


def test_a_person_is_joined_once_through_two_numbers_and_two_homes() -> None:
    both = frozenset({NUMBER, PASSPORT})
    others = [home("a", person="p", usable=both), home("c", person="p")]
    joins = link(home("b", usable=both), others)
    assert [type(one) for one in joins] == [Join]


def test_a_conflict_asks_a_person_and_joins_nothing() -> None:
    assert link(home("b", sex="male", names=("李四",)), [home("a")]) == [
        Task(TaskKind.CONFLICT, ("a", "b"), "resident-id", frozenset({Trait.NAME, Trait.SEX}))
    ]


def test_a_sex_that_contradicts_the_number_itself_is_a_conflict() -> None:
    found = link(home("b", sex="male"), [home("a", sex="")])
    assert [one.conflicts for one in found if isinstance(one, Task)] == [frozenset({Trait.SEX})]


def test_a_number_of_two_living_people_is_shared_and_joins_nobody() -> None:
    other = home("c", names=("李四",), birth_date="1960-01-01")
    found = link(home("b"), [home("a"), other])
    assert found == [Shared(NUMBER, ("a", "b", "c"))]
    assert is_shared(NUMBER, [home("a"), other])
    (shared,) = found
    assert isinstance(shared, Shared)
    assert shared.task.kind is TaskKind.SHARED


def test_a_dead_holder_makes_no_number_shared() -> None:
    other = home("c", names=("李四",), birth_date="1960-01-01", dead=True)
    assert not is_shared(NUMBER, [home("a"), other])
    kinds = [type(one) for one in link(home("b"), [home("a"), other])]
    assert kinds == [Task, Join]


def test_a_shared_number_does_not_spoil_another_one() -> None:
    other = home("c", names=("李四",), birth_date="1960-01-01")
    both = frozenset({NUMBER, PASSPORT})
    found = link(home("b", usable=both), [home("a", usable=both), other])
    assert [type(one) for one in found] == [Shared, Join]


def test_a_home_never_hides_a_conflict_between_two_persons_it_fits() -> None:
    silent = home("c", sex="", usable=frozenset({PASSPORT, NUMBER}))
    woman = home("a", usable=frozenset({PASSPORT}))
    man = home("b", sex="male", usable=frozenset({PASSPORT}))
    found = link(silent, [woman, man])
    assert found == [Task(TaskKind.AMBIGUOUS, ("a", "b", "c"), "passport")]


def test_a_home_of_the_other_person_that_conflicts_stands_in_the_way() -> None:
    fits = home("a", person="p", sex="", usable=frozenset({PASSPORT}))
    conflicts = home("c", person="p", sex="male", usable=frozenset())
    (found,) = link(home("b", usable=frozenset({PASSPORT})), [fits, conflicts])
    assert found == Task(TaskKind.CONFLICT, ("b", "c"), "passport", frozenset({Trait.SEX}))


def test_a_home_of_the_own_person_that_conflicts_stands_in_the_way() -> None:
    silent = home("b", person="p", sex="", usable=frozenset({PASSPORT}))
    own = home("c", person="p", sex="male", usable=frozenset())
    (found,) = link(silent, [own, home("a", usable=frozenset({PASSPORT}))])
    assert isinstance(found, Task)
    assert found.homes == ("a", "b", "c")


def test_a_task_says_nothing_of_the_people() -> None:
    (task,) = link(home("b", names=("李四",)), [home("a")])
    assert isinstance(task, Task)
    assert task.reason == "resident-id: name"


HOMES = st.lists(
    st.builds(
        lambda n, p, names, sex, born, usable, dead: home(
            f"h{n}", person=f"p{p}", names=names, sex=sex, birth_date=born, usable=usable, dead=dead
        ),
        st.integers(0, 6),
        st.integers(0, 3),
        st.sampled_from([(), ("张三",), ("Zhang San",), ("李四",)]),
        st.sampled_from(["", "female", "male"]),
        st.sampled_from(["", "1949", "1949-12-31", "1960-01-01"]),
        st.frozensets(st.sampled_from([NUMBER, PASSPORT])),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one.id,
)


@given(HOMES)
def test_the_order_of_the_others_changes_nothing(homes: list[Home]) -> None:
    new, *others = homes
    expected = link(new, others)
    assert all(link(new, order) == expected for order in permutations(others))


@given(HOMES)
def test_nothing_that_conflicts_is_ever_joined(homes: list[Home]) -> None:
    new, *others = homes
    owners = {one.id: one.person for one in homes}
    before = dict(owners)
    for outcome in link(new, others):
        if isinstance(outcome, Join):
            assert outcome.person == new.person != outcome.other
            joined = {outcome.other: outcome.person}
            owners = {key: joined.get(person, person) for key, person in owners.items()}
    for a in homes:
        for b in homes:
            if owners[a.id] == owners[b.id] and before[a.id] != before[b.id]:
                assert not compare(a.traits, b.traits).conflicts


@given(HOMES)
def test_each_question_is_asked_once(homes: list[Home]) -> None:
    new, *others = homes
    found: list[Outcome] = link(new, others)
    tasks = [(one.kind, one.homes) for one in found if isinstance(one, Task)]
    assert len(tasks) == len(set(tasks))
