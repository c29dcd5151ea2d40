"""What in the policy that comes with the hub cannot hold, or leaves a day without an answer.

An import adds entries to it, so its `default` must speak for everybody, on every day from the
first one of the catalogue on, with every key that a rule asks for.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from hie.errors import RulebookInvalid
from hie.recognition.catalogue import build_catalogue
from hie.recognition.catalogue_check import Files, Flaw, Path, find_day
from hie.recognition.policy_check import policy_faults
from hie.recognition.policy_file import policy_entry
from hie.recognition.region import load_regions

_NAME: Final = "policy/shipped.yaml"
_FRAME: Final = {"scope", "from", "to"}
_NEEDED: Final = (
    "catalogue", "voluntary", "level_rule", "lookback_days", "max_candidates", "delta_window_days",
)  # fmt: skip


def policy_lint(
    trees: Mapping[str, Any], lab: Files, imaging: Files, lists: Files
) -> Iterator[tuple[str, Flaw]]:
    """Everything wrong with the policy that comes with the hub."""
    data = trees.get(_NAME)
    if data is None:
        yield _NAME, Flaw((), "missing-file", "the policy cannot be read")
        return
    if "version" not in data:
        yield _NAME, Flaw((), "no-version", "expected a version: every answer names it")
    wrong = list(_days(data["policies"]))
    yield from ((_NAME, flaw) for flaw in wrong)
    if wrong:
        return
    yield from ((_NAME, flaw) for flaw in _known(data["policies"], lab, imaging, lists))
    yield from ((_NAME, flaw) for flaw in _overlaps(data["policies"]))
    first = min((one["from"] for one in (*lab.values(), *imaging.values())), default="")
    yield from ((_NAME, flaw) for flaw in _gaps(data["policies"], first))


def _days(policies: list[Mapping[str, Any]]) -> Iterator[Flaw]:
    for number, entry in enumerate(policies):
        for key in ("from", "to"):
            if entry.get(key) and find_day(entry[key]) is None:
                reason = f"{entry[key]!r} is not a day of the calendar"
                yield Flaw(("policies", number, key), "not-a-day", reason)


def _known(
    policies: list[Mapping[str, Any]], lab: Files, imaging: Files, lists: Files
) -> Iterator[Flaw]:
    """What an import is asked too: things that exist, in an order that can be."""
    try:
        catalogue = build_catalogue(lab.items(), imaging.items(), lists.items())
    except RulebookInvalid:
        return  # told where it is wrong
    for number, entry in enumerate(policies):
        said_of_it = {key: value for key, value in entry.items() if value != {}}
        for fault in policy_faults("", policy_entry(said_of_it), catalogue, load_regions()):
            path = ("policies", number, *_steps(fault.path))
            said = ".".join(map(str, path[2:]))
            yield Flaw(path, fault.code, f"{said}: expected {fault.expected}")


def _steps(text: str) -> Path:
    """`.exit_list[0].institution` as steps."""
    steps = re.findall(r"\.([^.\[]+)|\[([0-9]+)\]", text)
    return tuple(name or int(number) for name, number in steps)


def _overlaps(policies: list[Mapping[str, Any]]) -> Iterator[Flaw]:
    """Two entries of one scope that begin on one day and say the same key: neither counts more."""
    seen: dict[tuple[str, str, str], int] = {}
    for number, entry in enumerate(policies):
        for key in entry.keys() - _FRAME:
            first = seen.setdefault((entry["scope"], entry["from"], key), number)
            if first != number:
                reason = (
                    f"{key} of {entry['scope']} from {entry['from']} is said by entry {first} too"
                )
                yield Flaw(("policies", number, key), "overlap", reason)


def _gaps(policies: list[Mapping[str, Any]], first: str) -> Iterator[Flaw]:
    """Days on which `default` leaves a key unsaid."""
    entries = [(n, one) for n, one in enumerate(policies) if one["scope"] == "default"]
    for key in _NEEDED:
        spans = sorted(
            (one["from"], one.get("to") or "9999-12-31", n) for n, one in entries if key in one
        )
        if not spans:
            yield Flaw((), "gap", f"no entry of `default` says {key}")
            continue
        if first and spans[0][0] > first:
            path = ("policies", spans[0][2], "from")
            yield Flaw(path, "gap", f"{key}: `default` says nothing from {first} on")
        reached = spans[0][1]
        for start, end, number in spans[1:]:
            if reached != "9999-12-31" and start > _after(reached):
                path = ("policies", number, "from")
                reason = f"{key}: `default` says nothing from {_after(reached)} on"
                yield Flaw(path, "gap", reason)
            reached = max(reached, end)
        if reached != "9999-12-31":
            last = max(spans, key=lambda span: span[1])[2]
            reason = f"{key}: `default` says nothing from {_after(reached)} on"
            yield Flaw(("policies", last, "to"), "gap", reason)


def _after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
