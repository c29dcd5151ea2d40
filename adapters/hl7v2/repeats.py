"""One code twice in a report: repeated, corrected, doubled, or contradictory.

Results are told apart by code and OBX-4. Without an OBX-4 they are numbered in order; with the
same one, two different values of the same rank contradict each other and neither is used.
"""

import msgspec

from adapters.hl7v2.reading import Reading
from adapters.hl7v2.statuses import RANK
from hie.records import Result

Key = tuple[str | None, str | None, str | None]


def settle_repeats(reading: Reading, results: list[Result]) -> list[Result]:
    """The results with at most one of each code and sub-id, in their order."""
    if len({r.code.code for r in results}) == len(results):
        return results
    keys = [(r.code.code or r.code.display, r.code.system, r.sub_id) for r in results]
    if len(set(keys)) == len(keys):
        return results
    groups: dict[Key, list[int]] = {}
    for at, key in enumerate(keys):
        groups.setdefault(key, []).append(at)
    taken = set(keys)
    out: dict[int, Result] = {}
    for key, places in groups.items():
        for at, result in _settle(reading, [(at, results[at]) for at in places], key, taken):
            out[at] = result
    return [out[at] for at in sorted(out)]


def _settle(
    reading: Reading, same: list[tuple[int, Result]], key: Key, taken: set[Key]
) -> list[tuple[int, Result]]:
    """The results of one key that stay."""
    if len(same) == 1:
        return same
    distinct: list[tuple[int, Result]] = []
    seen: set[tuple[object, ...]] = set()
    for at, result in same:
        says = (result.status, repr(result.value), repr(result.components), _unit(result))
        if says in seen:
            reading.issue("result-duplicate", result.path)
        else:
            seen.add(says)
            distinct.append((at, result))
    if len(distinct) == 1:
        return distinct
    best = max(RANK.get(r.status or "", 0) for _, r in distinct)
    kept = [(at, r) for at, r in distinct if RANK.get(r.status or "", 0) == best]
    if len(kept) == 1:
        for _, result in distinct:
            if result is not kept[0][1]:
                reading.issue("result-superseded", result.path)
        return kept
    if key[2] is None:
        return _numbered(reading, distinct, key, taken)
    for _, result in distinct:
        reading.issue("result-conflict", result.path)
    return []


def _numbered(
    reading: Reading, same: list[tuple[int, Result]], key: Key, taken: set[Key]
) -> list[tuple[int, Result]]:
    """Sub-ids in the order of the message, from the second on."""
    out = [same[0]]
    number = 1
    for at, result in same[1:]:
        reading.issue("result-repeated", result.path)
        number += 1
        while (key[0], key[1], str(number)) in taken:
            number += 1
        taken.add((key[0], key[1], str(number)))
        out.append((at, msgspec.structs.replace(result, sub_id=str(number))))
    return out


def _unit(result: Result) -> str:
    return result.unit.text if result.unit else ""
