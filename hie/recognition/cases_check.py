"""Whether every rule has its cases: sentences that show it firing, not firing, and not knowing.

The cases lie with the project's tests (tests/conformance/rulebook), so only a checkout has them.
A case speaks of a rule by naming it, or by standing below the rule's heading (`# R-301`).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hie.errors import RulebookInvalid
from hie.recognition.catalogue_check import Flaw
from hie.schemas import entry_lines, load_yaml

_HEADING: Final = re.compile(r"# ((?:R-[0-9]{3}(?:, )?)+)\s*$")
_RULE: Final = re.compile(r"R-[0-9]{3}")
_FEWEST: Final = 3
# Rules of which a case can only say that they do not fire.
_HISTORY: Final = "R-403"
_NEVER_FIRE: Final = frozenset({"R-610"})


def case_flaws(folder: Path, trees: Mapping[str, Any]) -> Iterator[tuple[str, Flaw]]:
    """Rules that the cases of a folder say too little of; cases that name no rule there is."""
    rules = {
        rule["id"]: rule
        for name, data in trees.items()
        if name.startswith("rulebook/gate")
        for rule in data["rules"]
    }
    named: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text("utf-8")
        try:
            cases = load_yaml(text, path.name) or []
        except RulebookInvalid as error:
            yield path.name, Flaw((), "malformed-yaml", error.text)
            continue
        headings, lines = _headings(text), entry_lines(text)
        for number, case in enumerate(cases):
            place = f"{path.name}: {case['name']}"
            below = max((at for at in headings if at < lines[number]), default=0)
            spoken = {*_spoken(case), *headings.get(below, ())}
            for rule in _silent(path.name, case, rules):
                shown[rule].add("not fired")
            for rule in sorted(spoken - rules.keys()):
                yield path.name, Flaw((), "unknown-rule", f"{case['name']}: there is no {rule}")
            for rule in spoken & rules.keys():
                named[rule].add(place)
                shown[rule].add(_state(rule, case))
    for rule, said in rules.items():
        wanted = {"fired", "not fired"} - ({"fired"} if rule in _NEVER_FIRE else set())
        if said["unknown"] != "never":
            wanted.add("unknown")
        for state in sorted(wanted - shown[rule]):
            yield "", Flaw((), "no-case", f"{rule}: no case shows it {state}")
        if len(named[rule]) < _FEWEST:
            reason = f"{rule}: {len(named[rule])} cases speak of it, expected {_FEWEST}"
            yield "", Flaw((), "few-cases", reason)


def _headings(text: str) -> dict[int, tuple[str, ...]]:
    """Line of each heading, from 1, and the rules it names."""
    return {
        number: tuple(_RULE.findall(found[1]))
        for number, line in enumerate(text.splitlines(), 1)
        if (found := _HEADING.match(line))
    }


def _spoken(case: Mapping[str, Any]) -> Iterator[str]:
    for key in ("fired", "notices", "unknown", "data", "zh", "en"):
        yield from case.get(key) or ()
    if case.get("leading"):
        yield _HISTORY


def _silent(file: str, case: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[str]:
    """The rules of the file's own gate that did not fire in a case that says all that did."""
    told = {rule for key in ("fired", "notices", "unknown") for rule in case.get(key) or ()}
    if "fired" in case or case.get("outcome") == "recognise":
        for rule in rules:
            if file.startswith(f"gate{rule[2]}") and rule not in told:
                yield rule


def _state(rule: str, case: Mapping[str, Any]) -> str:
    if rule == _HISTORY and case.get("leading"):
        return "fired"  # whatever stands after the one that leads
    if rule in (case.get("fired") or ()) or rule in (case.get("notices") or ()):
        return "fired"
    return "unknown" if rule in (case.get("unknown") or ()) else "not fired"
