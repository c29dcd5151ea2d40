"""schemas/labels read into one value: which codes, words, departments and panels mean which topics.

Files of a region's own folder lie over the shipped ones, as those of the catalogue do. A file
without a topic lists codes that are known and about nothing (`plain.yaml`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hie.access.labels.label import CONFIDENTIALITY, Topic, bit, level_of
from hie.access.labels.words import exact_finder, finder, plain
from hie.schemas import read_once, read_shaped, read_yaml, yaml_files

_FOLDER, _TOPICS = "labels", "labels/topics.yaml"
_FAMILIES = (
    ("icd-11", re.compile(r"icd-?11|icd/release/11")),
    ("icd-10", re.compile(r"icd-?10|2\.16\.840\.1\.113883\.6\.(3|90)\Z")),
    ("icd-9", re.compile(r"icd-?9|2\.16\.840\.1\.113883\.6\.(103|104|42)\Z")),
)
_LISTS = ("words", "names", "departments", "panels")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a topic stands in meta.security, and which other codes of its system mean it."""

    topic: Topic
    level: int
    system: str
    code: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One kind of words: of each topic what finds them, and what finds any of all topics."""

    every: re.Pattern[str] | None
    exact: re.Pattern[str] | None
    topics: tuple[tuple[int, re.Pattern[str] | None, re.Pattern[str] | None], ...]

    def find(self, kept: str, small: str, but: Mapping[int, re.Pattern[str]]) -> int:
        """The bits of the topics whose words stand in a text, with its capitals and without.

        `but`: of each topic the words that are no sign of it.
        """
        found = bool(self.every and self.every.search(small))
        if not found and not (self.exact and self.exact.search(kept)):
            return 0
        bits = 0
        for one, words, exact in self.topics:
            text = but[one].sub(" ", small) if one in but else small
            if (words and words.search(text)) or (exact and exact.search(kept)):
                bits |= one
        return bits


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """All of it. `codes`: the bits of (system, code), 0 for what is known and about nothing."""

    shown: Mapping[Topic, Shown]
    levels: Mapping[int, int]
    codes: Mapping[tuple[str, str], int]
    items: Mapping[str, int]
    prefixes: Mapping[str, tuple[tuple[str, int], ...]]
    lexicons: Mapping[str, Lexicon]
    pairs: tuple[tuple[int, re.Pattern[str], re.Pattern[str]], ...]
    but: Mapping[int, re.Pattern[str]]

    def level(self, bits: int) -> int:
        """The confidentiality of these topics."""
        return level_of(bits, self.levels)

    def code(self, system: str, code: str) -> int | None:
        """The bits a code means; None when no table knows it."""
        found = self.codes.get((system, code))
        if found is not None or not self.prefixes:
            return found
        family = _family(system) if len(system) <= SHORT else _searched_family(system)
        if family is None:
            return None
        upper, bits = code.upper(), 0
        for start, one in self.prefixes.get(family, ()):
            if upper.startswith(start):
                bits |= one
        return bits


@read_once
def tables() -> Tables:
    """The tables in force. Raises RulebookInvalid naming file and place of what is no table."""
    told = read_shaped(read_yaml(_FOLDER, "topics.yaml"), "label-topics", _TOPICS)
    shown = {
        topic: Shown(
            topic,
            CONFIDENTIALITY.index(told[topic]["confidentiality"]),
            told[topic]["system"],
            told[topic]["code"],
            tuple(told[topic].get("also", ())),
        )
        for topic in Topic
    }
    files = [
        read_shaped(data, "label-table", name)
        for name, data in yaml_files(_FOLDER)
        if name != _TOPICS
    ]
    codes: dict[tuple[str, str], int] = {}
    items: dict[str, int] = {}
    prefixes: dict[str, dict[str, int]] = {}
    pairs = []
    but = {}
    for data in files:
        one = bit(Topic(data["topic"])) if "topic" in data else 0
        for part in data.get("codes", ()):
            for code in part["codes"]:
                key = (part["system"], str(code))
                codes[key] = codes.get(key, 0) | one
        for item in data.get("items", ()):
            items[item] = items.get(item, 0) | one
        for part in data.get("prefixes", ()):
            kept = prefixes.setdefault(part["system"], {})
            for start in part["starts"]:
                kept[start] = kept.get(start, 0) | one
        for part in data.get("pairs", ()):
            named, unless = finder(part["words"]), finder(part["unless"])
            if named is not None and unless is not None:
                pairs.append((one, named, unless))
        excepted = finder(data.get("except", ()))
        if excepted is not None:
            but[one] = excepted
    lexicons = {kind: _lexicon(files, kind) for kind in _LISTS}
    return Tables(
        shown,
        {bit(one.topic): one.level for one in shown.values()},
        codes,
        items,
        {family: tuple(found.items()) for family, found in prefixes.items()},
        lexicons,
        tuple(pairs),
        but,
    )


def _lexicon(files: Iterable[Mapping[str, Any]], kind: str) -> Lexicon:
    by_topic = [
        (bit(Topic(data["topic"])), data.get(kind, ())) for data in files if "topic" in data
    ]
    every = [word for _, words in by_topic for word in words]
    return Lexicon(
        finder(every),
        exact_finder(every),
        tuple((one, finder(words), exact_finder(words)) for one, words in by_topic if words),
    )


def _searched_family(system: str) -> str | None:
    small = system.casefold()
    return next((family for family, pattern in _FAMILIES if pattern.search(small)), None)


_family = lru_cache(maxsize=256)(_searched_family)


def said(table: Tables, kind: str, text: str) -> int:
    """The bits of the topics that a text names; `kind` is words, names, departments or panels."""
    return _kept(table, kind, text) if len(text) <= SHORT else _searched(table, kind, text)


def _searched(table: Tables, kind: str, text: str) -> int:
    kept = plain(text)
    small = kept.casefold()
    bits = table.lexicons[kind].find(kept, small, table.but)
    if kind in ("words", "names"):
        for one, named, unless in table.pairs:
            if named.search(small) and not unless.search(small):
                bits |= one
    return bits


SHORT = 120  # characters: the same few short texts stand in most results
_kept = lru_cache(maxsize=16_384)(_searched)
