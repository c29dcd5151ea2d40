"""Whose record is it? The hub and the second opinion mean the same person.

All people and numbers are invented; numbers differ in one digit, in their check, in being shared.
"""

from datetime import date
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hie.identity import identifiers, names
from hie.recognition.identity_check import AskedPerson, KnownHome, Traits, check_identity
from tests.conformance.second_opinion import identity as second
from tests.conformance.second_opinion.identity import Human, Key, Patient

ON = date(2026, 6, 15)
RANDOM = settings(
    deadline=None, derandomize=True, max_examples=500, suppress_health_check=list(HealthCheck)
)
NUMBERS = (
    "11010519491231002X", "11010519491231002x", "440524188001010014", "110105194912310021",
    "11010519800501003", "110105491231002", "999999999999999999", "123456789012345678",
    "11010520260615001", "11010520260616001", "11010519000101001", "11010519000102001",
    "11010519491232002X", "00010519491231002X", "71010519491231002", "１１０１０５19491231002X",
)  # fmt: skip
OTHERS = (
    "E12345678", "e1234 5678", "E1234", "E123", "无", "不详", "NULL", "TEST01", "AAAAAB", "000000X",
    "12345678X", "123456789", "未知",
)  # fmt: skip
PEOPLE = ("张三", "張三", "章三", "Zhang San", "SAN ZHANG", "张 三", "李四", "Li Si", "欧阳丽",
          "歐陽·麗", "Ouyang Li", "LI OUYANG", "")  # fmt: skip
BIRTHS = ("1949-12-31", "1949-12", "1949", "1980-05-01", "1980", "")
SEXES = ("male", "female", "unknown", "other", "")


def a_number(random: Random) -> Key:
    kind = random.choice((*second.STRONG_TYPES, "outpatient-no", "other"))
    if kind != "resident-id" and random.random() < 0.6:
        kind = random.choice(("resident-id", "passport"))
    if kind != "resident-id":
        return kind, random.choice(OTHERS)
    number = random.choice(NUMBERS)
    if len(number) == 17 and random.random() < 0.8:
        number += identifiers.check_character(number)
    return kind, number


def a_human(random: Random) -> Human:
    numbers = tuple(a_number(random) for _ in range(random.choice((1, 1, 2))))
    return Human(numbers, random.choice(PEOPLE), random.choice(SEXES), random.choice(BIRTHS))


def patients(random: Random, asked: Human) -> list[Patient]:
    """Patients that mostly hold a number of the request; several may be one person's."""
    found = []
    for n in range(random.choice((0, 1, 1, 2, 2, 3, 4))):
        one = a_human(random)
        kept = asked.identifiers if random.random() < 0.8 else ()
        numbers = tuple(random.sample(kept, min(len(kept), random.choice((1, 2)))))
        name = asked.name if random.random() < 0.4 else one.name
        birth = asked.birth_date if random.random() < 0.4 else one.birth_date
        person = random.choice(("p1", "p1", "p2", f"p{n}"))
        found.append(
            Patient((*numbers, *one.identifiers[:1]), name, one.sex, birth, f"h{n}", person,
                    random.random() < 0.2)
        )  # fmt: skip
    return found


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_both_find_the_same_numbers_usable(random: Random) -> None:
    kind, value = a_number(random)
    assert identifiers.is_usable(kind, value, ON) == second.is_usable(kind, value, ON)


@RANDOM
@given(one=st.sampled_from(PEOPLE[:-1]), other=st.sampled_from(PEOPLE[:-1]))
def test_both_find_the_same_names_to_agree(one: str, other: str) -> None:
    assert names.names_agree(one, other) == second.names_agree(one, other)


@RANDOM
@given(random=st.randoms(use_true_random=False))
def test_both_mean_the_same_person(random: Random) -> None:
    asked = a_human(random)
    known = patients(random, asked)
    state, related = second.answer(asked, known, ON)
    found = check_identity(*_as_the_hub_asks(asked, known), names.names_agree)
    assert found.state.value == state
    homes = {
        key: (one.relation.value, tuple(sorted(one.conflicts)), one.compared)
        for key, one in found.homes.items()
    }
    assert homes == {
        key: (one.relation, one.conflicts, one.compared) for key, one in related.items()
    }


def _as_the_hub_asks(asked: Human, known: list[Patient]) -> tuple[AskedPerson, list[KnownHome]]:
    """The request, and what the store finds for it: holders of its usable numbers, their homes."""
    usable = second.usable(asked, ON)
    strong = {(kind, value) for kind, value in second.keys(asked) if kind in second.STRONG_TYPES}
    persons = {one.person for one in known if usable & second.keys(one)}
    homes = [
        KnownHome(
            one.id, one.person, _traits(one),
            frozenset(key for key in second.keys(one) if key[0] in second.STRONG_TYPES),
            one.deceased,
        )
        for one in known
        if one.person in persons
    ]  # fmt: skip
    return AskedPerson(_traits(asked), frozenset(usable), frozenset(strong - usable)), homes


def _traits(one: Human) -> Traits:
    return Traits((one.name,) if one.name else (), one.sex, one.birth_date)
