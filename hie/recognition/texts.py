"""The sentence of a rule, in Chinese or English, filled with the facts of one assessment.

Each rule has sentences for fired, not fired and unknown; of several the first whose facts are all
known is said, and the last names no fact, so a missing fact never leaves a hole. A rule of
both kinds of record may say it otherwise of images. Sentences are plain text: whoever puts them on
a page escapes them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from hie.errors import RulebookInvalid
from hie.recognition.region import load_regions
from hie.recognition.rulebook import Kind, Rulebook, load_rulebook
from hie.schemas import read_once, read_shaped, read_yaml, yaml_files

Language = Literal["zh", "en"]

_CHINA = timezone(timedelta(hours=8))
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T")
_PLACE = re.compile(r"\{([a-z_]+)\}")
_IMAGING = "imaging "
_UNKNOWN = "unknown "
_MOST_SAID = 2_000  # sentences kept of what was said last
_JOIN = {"zh": "、", "en": ", "}


class State(StrEnum):
    """What a rule answered."""

    FIRED = "fired"
    NOT_FIRED = "not_fired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Texts:
    """Sentences by rule, state or case, and language; words for coded facts."""

    sentences: Mapping[tuple[str, str, str], tuple[str, ...]]
    words: Mapping[tuple[str, str, str], str]
    _chosen: dict[tuple[object, ...], tuple[list[str], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _said: dict[tuple[object, ...], tuple[str, str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def text(
        self,
        rule_id: str,
        state: str,
        data: Mapping[str, Any],
        lang: Language,
        case: str | None = None,
        kind: Kind = Kind.LABORATORY,
    ) -> str:
        """The sentence; "" for a rule without one (its gate is not asked in this rulebook)."""
        asked = (rule_id, state, lang, case, kind)
        variants = self._chosen.get(asked)
        if variants is None:
            variants = self._chosen[asked] = self._choose(rule_id, state, lang, case, kind)
        for parts in variants:
            if len(parts) == 1:
                return parts[0]
            said = list(parts)
            for n in range(1, len(parts), 2):
                said[n] = self.word(parts[n], data.get(parts[n]), lang)
                if not said[n]:
                    break
            else:
                return "".join(said)
        return ""

    def both(
        self,
        rule_id: str,
        state: str,
        data: Mapping[str, Any],
        case: str | None = None,
        kind: Kind = Kind.LABORATORY,
    ) -> dict[str, str]:
        """The sentence in both languages; candidates of one answer often say the same."""
        said: tuple[str, str] | None = None
        asked = (rule_id, state, case, kind, *data.items())
        try:
            said = self._said.get(asked)
        except TypeError:  # a list among the facts
            return {"zh": self.text(rule_id, state, data, "zh", case, kind),
                    "en": self.text(rule_id, state, data, "en", case, kind)}  # fmt: skip
        if said is None:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            said = self._said[asked] = (
                self.text(rule_id, state, data, "zh", case, kind),
                self.text(rule_id, state, data, "en", case, kind),
            )
        return {"zh": said[0], "en": said[1]}

    def word(self, fact: str, value: Any, lang: Language) -> str:
        """How one fact's value is said; "" when there is none to say."""
        if value is None:
            return ""
        if isinstance(value, list | tuple | set | frozenset):
            entries = sorted(value) if isinstance(value, set | frozenset) else value
            return _JOIN[lang].join(w for w in (self.word(fact, v, lang) for v in entries) if w)
        if fact == "receiver_region" and isinstance(value, str):
            return region_name(value)
        coded = self.words.get((fact, str(value), lang))
        if coded is not None:
            return coded
        return _written(value) if type(value) is str else _plain(value)

    def _choose(
        self, rule_id: str, state: str, lang: Language, case: str | None, kind: Kind
    ) -> tuple[list[str], ...]:
        """The variants that may be said, the first first; texts and names of facts in turns."""
        own = {State.FIRED: case, State.UNKNOWN: f"{_UNKNOWN}{case}"}.get(State(state))
        keys = [own, state] if case and own else [state]
        if kind is Kind.IMAGING:
            keys = [f"{_IMAGING}{key}" for key in keys] + keys
        found = (self.sentences.get((rule_id, key, lang)) for key in keys)
        return tuple(_PLACE.split(one) for one in next((v for v in found if v), ()))


@read_once
def load_texts() -> Texts:
    """The shipped sentences, complete for the shipped rulebook. Raises RulebookInvalid."""
    files = [(n, data) for n, data in yaml_files("texts") if n.startswith("texts/gate")]
    sentences: dict[str, Any] = {}
    for name, data in files:
        for rule, entry in read_shaped(data, "rule-texts", name).items():
            if rule in sentences:
                raise RulebookInvalid(f"{name}: {rule} has its sentences in another file already")
            sentences[rule] = entry
    return build_texts(sentences, read_yaml("texts", "words.yaml"), load_rulebook())


def build_texts(sentences: Mapping[str, Any], words: Any, rulebook: Rulebook) -> Texts:
    """Texts from sentences by rule, and words. Raises RulebookInvalid for a gap."""
    read_shaped(words, "words", "texts/words.yaml")
    found: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for rule, entry in sentences.items():
        for state, said in _states(entry):
            for lang, variants in said.items():
                if _PLACE.search(variants[-1]):
                    raise RulebookInvalid(f"texts: {rule} {state} {lang}: the last needs facts")
                found[rule, state, lang] = tuple(variants)
    for asked in rulebook.rules.values():
        states = [State.FIRED, State.NOT_FIRED, *([State.UNKNOWN] if asked.unknown else [])]
        for needed in (*states, *asked.cases, *(_UNKNOWN + case for case in asked.unknown_cases)):
            if (asked.id, needed, "zh") not in found:
                raise RulebookInvalid(f"texts: {asked.id} has no sentence for {needed}")
    return Texts(
        MappingProxyType(found),
        MappingProxyType(
            {
                (fact, code, lang): said
                for fact, codes in words.items()
                for code, both in codes.items()
                for lang, said in both.items()
            }
        ),
    )


def _states(entry: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A rule's sentences by state or case; those for images under a name of their own."""
    for state, said in entry.items():
        if state == "cases":
            yield from ((prefix + case, words) for case, words in said.items())
        elif state == "unknown_cases":
            yield from ((f"{prefix}{_UNKNOWN}{case}", words) for case, words in said.items())
        elif state == "imaging":
            yield from _states(said, _IMAGING)
        else:
            yield prefix + state, said


@lru_cache(maxsize=4096)
def region_name(code: str) -> str:
    """A region with what it lies in, e.g. 河北省石家庄市长安区; an unknown code as it is."""
    regions = load_regions()
    found = [regions.by_code.get(code[:digits]) for digits in (2, 4, 6) if len(code) >= digits]
    return "".join(dict.fromkeys(region.name for region in found if region)) or code


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return _written(str(value))


@lru_cache(maxsize=8192)  # the findings of one answer speak of a few times and names
def _written(text: str) -> str:
    return _moment(text) if _INSTANT.match(text) else text


def _moment(written: str) -> str:
    """An RFC 3339 time as a clinician reads it, in Shanghai; anything else as it is."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return written if moment.tzinfo is None else _plain(moment)
