"""Which counts a copy for others does not show: few people behind a number may be recognised.

A count from 1 to below the threshold is hidden. So is what would give it away: counts that add up
to one another (used + repeated + undecided = offered) hide at least two of a sum, with at least
the threshold between them; the same for the groups of a table beside their total. What hangs below
a hidden count is hidden with it. The own institution sees its own numbers.
"""

from collections.abc import Collection, Mapping, Sequence

from hie.recognition.indicator_tally import Count, Tally

THRESHOLD = 5

_REST = "rest of "
# whole and parts; `rest of x` is what no indicator names and anybody can subtract
_SUMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (Count.ASKED, (Count.WITH_EARLIER, _REST + "asked")),
    (Count.ASKED, (Count.REPEATS, _REST + "asked, by repeat")),
    (Count.WITH_EARLIER, (Count.ELIGIBLE, _REST + "with_earlier")),
    (Count.ELIGIBLE, (Count.OFFERED, _REST + "eligible")),
    (Count.OFFERED, (Count.USED, Count.REPEATED, Count.UNDECIDED)),
    (Count.OFFERED, (Count.VIEWED, _REST + "offered, by opening")),
    (Count.USED, (Count.AVOIDED, _REST + "used")),
    (Count.USED, (Count.USED_ELSEWHERE, _REST + "used, by source")),
    (
        Count.UNDECIDED,
        (Count.SILENT, Count.SILENTLY_AVOIDED, Count.REOPENED, _REST + "undecided"),
    ),
    (Count.OFFERED, (Count.CARDS, _REST + "offered, by card")),
    (Count.CARDS, (Count.CARDS_IGNORED, _REST + "cards")),
    (Count.UNDECIDED, (Count.CARDS_IGNORED, _REST + "undecided, by card")),
    (
        Count.CARDS_IGNORED,
        (Count.IGNORED_REPEATED, Count.IGNORED_AVOIDED, _REST + "cards_ignored"),
    ),
    (Count.SILENT, (Count.IGNORED_REPEATED, _REST + "silently_repeated, by card")),
    (Count.SILENTLY_AVOIDED, (Count.IGNORED_AVOIDED, _REST + "silently_avoided, by card")),
    (Count.RESULTS_HELD, (Count.RESULTS_USED, _REST + "results_held")),
)
# each person is in one group or in several: groups of persons do not add up to their total
_NOT_ADDED = frozenset({Count.PATIENTS, Count.RESULTS_HELD, Count.RESULTS_USED})


def hidden_cells(
    total: Tally, groups: Mapping[str, Tally], threshold: int = THRESHOLD
) -> dict[str | None, frozenset[str]]:
    """The counts not to be shown, by group; None is the total.

    A group with few patients is hidden whole. Deterministic; of equals the first by name is hidden.
    """
    cells: dict[str | None, dict[str, int]] = {None: _cells(total)}
    cells.update((key, _cells(one)) for key, one in groups.items())
    hidden = {key: _small(one, threshold) for key, one in cells.items()}
    while True:
        before = sum(map(len, hidden.values()))
        for key, one in cells.items():
            for whole, parts in _SUMS:
                _spread(one, hidden[key], whole, parts, threshold)
        _across(cells, hidden, threshold)
        if sum(map(len, hidden.values())) == before:
            return {key: frozenset(names) for key, names in hidden.items()}


def hidden_split(
    split: Mapping[str, int], whole_hidden: bool, threshold: int = THRESHOLD
) -> frozenset[str]:
    """The keys of a distribution (reasons, rules) not to be shown, beside a whole that may be."""
    if whole_hidden:
        return frozenset(split)
    names = {key for key, number in split.items() if 0 < number < threshold}
    _complement(split, names, sorted(split), threshold)
    return frozenset(names)


def _cells(tally: Tally) -> dict[str, int]:
    """All counts, the remainders that can be subtracted among them."""
    found: dict[str, int] = {count: tally.count(count) for count in Count}
    for whole, parts in _SUMS:
        if parts[-1].startswith(_REST):
            found[parts[-1]] = found[whole] - sum(found[part] for part in parts[:-1])
    return found


def _small(cells: Mapping[str, int], threshold: int) -> set[str]:
    if 0 < cells[Count.PATIENTS] < threshold:
        return set(cells)
    return {name for name, number in cells.items() if 0 < number < threshold}


def _spread(
    cells: Mapping[str, int],
    hidden: set[str],
    whole: str,
    parts: Sequence[str],
    threshold: int,
) -> None:
    """Hide what one sum would give away: a second part, and what hangs below a hidden whole."""
    if whole in hidden:
        hidden.update(parts)
    elif not hidden.isdisjoint(parts):
        _complement(cells, hidden, parts, threshold)


def _complement(
    numbers: Mapping[str, int],
    hidden: set[str],
    parts: Sequence[str],
    threshold: int,
    touched: Collection[str] = (),
) -> None:
    """Of parts whose sum is known hide two at least, with the threshold between them.

    The smallest go first, before them those that are `touched` already: they hide something else.
    """
    gone = [part for part in parts if part in hidden]
    shown = sorted(
        (part for part in parts if part not in hidden and numbers[part]),
        key=lambda part: (part not in touched, numbers[part], part),
    )
    while gone and shown and (len(gone) < 2 or sum(numbers[p] for p in gone) < threshold):
        gone.append(shown.pop(0))
    hidden.update(gone)


def _across(
    cells: Mapping[str | None, Mapping[str, int]],
    hidden: Mapping[str | None, set[str]],
    threshold: int,
) -> None:
    """The same between the groups of a table, whose sum is the total where that is shown."""
    names = [name for name in cells[None] if name not in _NOT_ADDED]
    for name in names:
        if name in hidden[None]:
            continue
        column = {key: one[name] for key, one in cells.items() if key is not None}
        gone = {key for key in column if name in hidden[key] and column[key]}
        touched = {key for key in column if hidden[key]}
        _complement(column, gone, sorted(column), threshold, touched)
        for key in gone:
            hidden[key].add(name)
