"""What in rules, their texts and the reasons does not hold together, each with its place.

A rule asks a condition that exists, stands on texts that are listed, and has a sentence in both
languages for everything it can answer; a sentence names only facts the condition gives.
"""

import re
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any, Final

from hie.recognition.catalogue_check import Flaw, Path
from hie.recognition.conditions import CONDITIONS, Condition
from hie.recognition.rulebook import GATES

Trees = Mapping[str, Any]
_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_GATE: Final = "rulebook/gate"
_TEXTS: Final = "texts/gate"
# What an unread file makes look wrong elsewhere.
_EXCUSED: Final = {
    _GATE: ("gate-missing", "idle-condition", "unknown-rule"),
    _TEXTS: ("no-sentence",),
    "rulebook/basis": ("unknown-basis",),
}


def rule_flaws(trees: Trees, unread: frozenset[str]) -> Iterator[tuple[str, Flaw]]:
    """Everything wrong with rules, basis, texts and reasons, as far as their files have a shape.

    What would only be missing because it stands in one of the `unread` files is not told.
    """
    rules = list(_rules(trees))
    excused = {
        code
        for start, codes in _EXCUSED.items()
        if any(name.startswith(start) for name in unread)
        for code in codes
    }
    for name, flaw in (
        *_gates(trees),
        *_each_rule(rules, _basis(trees)),
        *_twice(trees),
        *_texts(trees, {rule["id"]: rule for _, _, rule in rules}),
        *_reasons(trees, {rule["id"] for _, _, rule in rules}),
    ):
        if flaw.code not in excused:
            yield name, flaw


def _rules(trees: Trees) -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    for name, data in trees.items():
        if name.startswith(_GATE):
            for number, rule in enumerate(data["rules"]):
                yield name, ("rules", number), rule


def _basis(trees: Trees) -> set[str]:
    return {
        code for name, data in trees.items() if name.startswith("rulebook/basis") for code in data
    }


def _gates(trees: Trees) -> Iterator[tuple[str, Flaw]]:
    for name, data in trees.items():
        if name.startswith(_GATE):
            if name != f"{_GATE}{data['gate']}.yaml":
                reason = f"gate {data['gate']} lies in gate{data['gate']}.yaml"
                yield name, Flaw(("gate",), "file-name", reason)
            ids = [rule["id"] for rule in data["rules"]]
            for number, rule in enumerate(ids):
                if number and rule <= ids[number - 1]:
                    reason = f"{rule} stands after {ids[number - 1]}: rules stand by rising id"
                    yield name, Flaw(("rules", number), "out-of-order", reason)
    for number in sorted(GATES):
        if not any(name == f"{_GATE}{number}.yaml" for name in trees):
            reason = f"gate {number} has no file that can be read"
            yield f"{_GATE}{number}.yaml", Flaw((), "gate-missing", reason)


def _each_rule(
    rules: list[tuple[str, Path, Mapping[str, Any]]], basis: set[str]
) -> Iterator[tuple[str, Flaw]]:
    asked: dict[str, str] = {}
    seen: dict[str, str] = {}
    for name, path, rule in rules:
        known = rule["id"]
        if known in seen:
            yield name, Flaw((*path, "id"), "rule-twice", f"{known} stands in {seen[known]} too")
        seen.setdefault(known, name)
        if not name.startswith(f"{_GATE}{known[2]}"):
            yield name, Flaw((*path, "id"), "other-gate", f"{known} belongs to gate {known[2]}")
        condition = rule["condition"]
        if condition not in CONDITIONS:
            reason = f"{known}: there is no condition {condition!r}"
            yield name, Flaw((*path, "condition"), "unknown-condition", reason)
        elif asked.setdefault(condition, known) != known:
            reason = f"{condition} is asked by {asked[condition]} already"
            yield name, Flaw((*path, "condition"), "condition-twice", reason)
        for number, code in enumerate(rule["basis"]):
            if code not in basis:
                reason = f"{known}: {code} is in no rulebook/basis*.yaml"
                yield name, Flaw((*path, "basis", number), "unknown-basis", reason)
        if rule["unknown"] == "never" and rule.get("unknown_cases"):
            reason = f"{known} can never be unknown and has cases of it"
            yield name, Flaw((*path, "unknown_cases"), "never-unknown", reason)
    for condition in sorted(set(CONDITIONS) - set(asked)):
        gate = _gate_of(CONDITIONS[condition], rules)
        yield gate, Flaw((), "idle-condition", f"no rule asks the condition {condition!r}")


def _gate_of(condition: Condition, rules: list[tuple[str, Path, Mapping[str, Any]]]) -> str:
    """The file of the gate that a condition's module speaks of, by its neighbours' rules."""
    near = (
        name
        for name, _, rule in rules
        if (found := CONDITIONS.get(rule["condition"])) and found.__module__ == condition.__module__
    )
    return next(near, f"{_GATE}0.yaml")


def _twice(trees: Trees) -> Iterator[tuple[str, Flaw]]:
    """Codes and sentences that two files give."""
    for start, what in (("rulebook/basis", "code"), (_TEXTS, "rule")):
        owners: dict[str, str] = {}
        for name, data in trees.items():
            if not name.startswith(start):
                continue
            for key in data:
                first = owners.setdefault(key, name)
                if first != name:
                    yield name, Flaw((key,), f"{what}-twice", f"{key} stands in {first} too")


def _texts(trees: Trees, rules: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Flaw]]:
    said: set[str] = set()
    for name, data in trees.items():
        if not name.startswith(_TEXTS):
            continue
        for rule, entry in data.items():
            said.add(rule)
            if rule not in rules:
                yield name, Flaw((rule,), "unknown-rule", f"there is no rule {rule}")
                continue
            for needed in _needed(rules[rule]):
                if not _has(entry, needed):
                    reason = f"{rule} has no sentences for {' '.join(needed)}"
                    yield name, Flaw((rule,), "no-sentence", reason)
            for flaw in _sentences(rule, entry, (rule,), _facts_of(rules[rule]["condition"])):
                yield name, flaw
    for rule in sorted(set(rules) - said):
        name = f"{_TEXTS}{rule[2]}.yaml"
        yield name, Flaw((), "no-sentence", f"{rule} has no sentences")


def _needed(rule: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    yield ("fired",)
    yield ("not_fired",)
    if rule["unknown"] != "never":
        yield ("unknown",)
    for kind in ("cases", "unknown_cases"):
        for case in rule.get(kind, ()):
            yield kind, case


def _has(entry: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    found: Any = entry
    for step in path:
        found = found.get(step, {})
    return bool(found)


def _sentences(
    rule: str, entry: Mapping[str, Any], path: Path, facts: frozenset[str] | None
) -> Iterator[Flaw]:
    """The last sentence of each state names no fact; all name only facts there are."""
    for state, said in entry.items():
        if state in ("cases", "unknown_cases", "imaging"):
            yield from _sentences(rule, said, (*path, state), facts)
            continue
        for lang, variants in said.items():
            place = (*path, state, lang)
            if _PLACE.search(variants[-1]):
                reason = f"{rule} {state} {lang}: the last sentence needs facts"
                yield Flaw((*place, len(variants) - 1), "needs-facts", reason)
            for number, variant in enumerate(variants):
                for fact in _PLACE.findall(variant):
                    if facts is not None and fact not in facts:
                        reason = f"{rule}: its condition gives no fact {{{fact}}}"
                        yield Flaw((*place, number), "unknown-fact", reason)
        if set(_named(said["zh"])) != set(_named(said["en"])):
            reason = f"{rule} {state}: zh and en name different facts"
            yield Flaw((*path, state), "other-facts", reason)


def _named(variants: list[str]) -> Iterator[str]:
    for variant in variants:
        yield from _PLACE.findall(variant)


def _facts_of(condition: str) -> frozenset[str] | None:
    """Every word that a condition, or what it calls beside it, could name a fact by."""
    function = CONDITIONS.get(condition)
    if function is None:
        return None
    beside: dict[str, Any] = getattr(function, "__globals__", {})
    seen: set[str] = set()
    words: set[str] = set()
    waiting: list[CodeType] = [function.__code__] if hasattr(function, "__code__") else []
    while waiting:
        code = waiting.pop()
        words |= set(_words(code.co_consts))
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
        for name in set(code.co_names) - seen:
            seen.add(name)
            called = getattr(beside.get(name), "__code__", None)
            if isinstance(called, CodeType):
                waiting.append(called)
    return frozenset(words)


def _words(constants: tuple[Any, ...]) -> Iterator[str]:
    for one in constants:
        if isinstance(one, str):
            yield one
        elif isinstance(one, tuple):
            yield from _words(one)


def _reasons(trees: Trees, rules: set[str]) -> Iterator[tuple[str, Flaw]]:
    name = "rulebook/reasons.yaml"
    data = trees.get(name)
    if data is None:
        return
    named: list[tuple[Path, str]] = [(("always", n), key) for n, key in enumerate(data["always"])]
    for rule, keys in data["suggested"].items():
        if rule not in rules:
            reason = f"there is no rule {rule} to suggest a reason"
            yield name, Flaw(("suggested", rule), "unknown-rule", reason)
        named += [(("suggested", rule, n), key) for n, key in enumerate(keys)]
    for path, key in named:
        if key not in data["reasons"]:
            yield name, Flaw(path, "unknown-reason", f"{key} is not among the reasons")
