"""Whether every rule has its cases: sentences that show it firing, not firing, and not knowing.

The cases lie with the project's tests (tests/conformance/rulebook), so only a checkout has them.
What counts is what a case states: a rule under `fired`, `fired_of`, `notices`, `unknown`, `silent`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hie.errors import RulebookInvalid
from hie.recognition.catalogue_check import Flaw
from hie.schemas import load_yaml

_FEWEST: Final = 3
# The conclusion of an earlier report is no fact of any rule: it can only be silent.
_NEVER_FIRE: Final = frozenset({"R-610"})
_STATES: Final = {"fired": "fired", "notices": "fired", "unknown": "unknown", "silent": "silent"}


def case_flaws(folder: Path, trees: Mapping[str, Any]) -> Iterator[tuple[str, Flaw]]:
    """Rules that the cases of a folder say too little of; cases that name no rule there is."""
    rules = {
        rule["id"]: rule
        for name, data in trees.items()
        if name.startswith("rulebook/gate")
        for rule in data["rules"]
    }
    shown: Counter[tuple[str, str]] = Counter()
    for path in sorted(folder.glob("*.yaml")):
        try:
            cases = load_yaml(path.read_text("utf-8"), path.name) or []
        except RulebookInvalid as error:
            yield path.name, Flaw((), "malformed-yaml", error.text)
            continue
        for number, case in enumerate(cases):
            said = set(_stated(case))
            for rule in sorted({rule for rule, _ in said} - rules.keys()):
                reason = f"{case['name']}: there is no {rule}"
                yield path.name, Flaw((number,), "unknown-rule", reason)
            shown.update(said)
    for rule, entry in rules.items():
        wanted = ["silent"] if rule in _NEVER_FIRE else ["fired", "silent"]
        if entry["unknown"] != "never":
            wanted.append("unknown")
        for state in wanted:
            if not shown[rule, state]:
                yield "", Flaw((), "no-case", f"{rule}: no case shows it {state}")
        count = sum(shown[rule, state] for state in ("fired", "silent", "unknown"))
        if count < _FEWEST:
            yield "", Flaw((), "few-cases", f"{rule}: {count} cases, expected {_FEWEST}")


def _stated(case: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each rule that a case states, and what it shows of it."""
    for key, state in _STATES.items():
        yield from ((rule, state) for rule in case.get(key) or ())
    for rules in (case.get("fired_of") or {}).values():
        yield from ((rule, "fired") for rule in rules)
