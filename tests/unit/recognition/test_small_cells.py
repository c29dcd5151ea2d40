"""Small cells: what a copy for others hides cannot be subtracted from what it shows."""

from hypothesis import given
from hypothesis import strategies as st

from hie.recognition.indicator_tally import Count, Tally
from hie.recognition.small_cells import THRESHOLD, hidden_cells, hidden_split

PLENTY = {Count.PATIENTS.value: 100}


def a_tally(**counts: int) -> Tally:
    """Used, repeated and undecided make what was offered, and everybody was offered something."""
    parts = ("used", "repeated", "undecided")
    offered = sum(counts.get(part, 0) for part in parts)
    whole = dict.fromkeys(("asked", "with_earlier", "eligible", "offered"), offered)
    return Tally(counts={**PLENTY, "avoided": counts.get("used", 0), **whole, **counts})


def test_a_count_below_the_threshold_hides_and_another_with_it() -> None:
    hidden = hidden_cells(a_tally(used=50, repeated=3, undecided=20), {})[None]
    assert {"repeated", "undecided"} <= hidden
    assert not hidden & {"used", "offered", "asked"}


def test_what_hangs_below_a_hidden_count_is_hidden_with_it() -> None:
    hidden = hidden_cells(a_tally(used=50, repeated=3, undecided=20, reopened=10), {})[None]
    assert {"silently_repeated", "reopened"} <= hidden


def test_a_difference_that_is_small_is_hidden_too() -> None:
    hidden = hidden_cells(a_tally(used=50, repeated=20, undecided=20, avoided=48), {})[None]
    assert "avoided" in hidden
    assert "used" not in hidden


def test_nought_and_enough_are_shown() -> None:
    found = hidden_cells(a_tally(used=THRESHOLD, repeated=0, undecided=THRESHOLD), {})[None]
    assert not found & {"used", "repeated", "undecided", "offered"}


def test_a_group_of_few_patients_is_hidden_whole() -> None:
    few = Tally(counts={"patients": 2, "asked": 40, "offered": 40, "eligible": 40})
    rest = a_tally(used=50, repeated=50, undecided=50)
    total = Tally(counts=dict(rest.counts))
    total.add(few)
    hidden = hidden_cells(total, {"a": few, "b": rest, "c": rest})
    assert {"patients", "asked", "offered", "eligible"} <= hidden["a"]


def test_one_group_alone_is_never_hidden_beside_its_total() -> None:
    groups = {
        "a": a_tally(used=3, repeated=30, undecided=30),
        "b": a_tally(used=20, repeated=30, undecided=30),
        "c": a_tally(used=50, repeated=30, undecided=30),
    }
    total = Tally()
    for one in groups.values():
        total.add(one)
    hidden = hidden_cells(total, groups)
    assert "used" not in hidden[None]
    assert "used" in hidden["a"] & hidden["b"]
    assert "used" not in hidden["c"]


def test_reasons_hide_two_at_least() -> None:
    assert hidden_split({"N1": 40, "N2": 2, "N3": 9}, False) == {"N2", "N3"}
    assert hidden_split({"N1": 40, "N3": 9}, False) == frozenset()
    assert hidden_split({"N1": 40, "N3": 9}, True) == {"N1", "N3"}


counts = st.integers(0, 30)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    used, repeated = draw(counts), draw(counts)
    silent, reopened, other = draw(counts), draw(counts), draw(counts)
    undecided = silent + reopened + other
    offered = used + repeated + undecided
    eligible = offered + draw(counts)
    earlier = eligible + draw(counts)
    return Tally(
        counts={
            "patients": draw(st.integers(0, 40)), "asked": earlier + draw(counts),
            "with_earlier": earlier, "eligible": eligible, "offered": offered, "used": used,
            "repeated": repeated, "undecided": undecided, "silently_repeated": silent,
            "reopened": reopened, "avoided": draw(st.integers(0, used)),
            "used_elsewhere": draw(st.integers(0, used)),
        }
    )  # fmt: skip


@given(st.dictionaries(st.sampled_from("abcde"), tallies(), min_size=1, max_size=5))
def test_no_hidden_count_is_the_only_one_of_its_sum(groups: dict[str, Tally]) -> None:
    total = Tally()
    for one in groups.values():
        total.add(one)
    hidden = hidden_cells(total, groups)
    sums = {
        "offered": ("used", "repeated", "undecided"),
        "eligible": ("offered",), "used": ("avoided",), "asked": ("with_earlier",),
    }  # fmt: skip
    cells: dict[str | None, Tally] = {None: total}
    cells.update(groups)
    for key, one in cells.items():
        gone = hidden[key]
        for name, number in one.counts.items():
            assert not 0 < number < THRESHOLD or name in gone
        for whole, parts in sums.items():
            if whole in gone:
                assert set(parts) <= gone
                continue
            lost = [one.counts[part] for part in parts if part in gone and one.counts[part]]
            rest = one.counts[whole] - sum(one.counts[p] for p in parts if p not in gone)
            assert not lost or rest >= THRESHOLD
    for name in ("asked", "offered", "used", "repeated", "undecided", "silently_repeated"):
        if name in hidden[None]:
            continue
        lost = [one.counts[name] for key, one in groups.items() if name in hidden[key]]
        assert sum(lost) == 0 or sum(lost) >= THRESHOLD
        assert (
            sum(1 for number in lost if number) != 1
            or sum(1 for one in groups.values() if one.counts[name]) == 1
        )


def test_every_count_is_of_the_enumeration() -> None:
    assert set(a_tally().counts) <= {count.value for count in Count}
