"""Patients found by name: keyed tokens of 32 bits, of what a search may ask, none of it in clear.

FHIR R4 search.html#string, as `hie.fhir.search.is_named` has it. What tokens find is opened and
held against what was asked, so a token that two names share shows nothing wrong. A token may stand
longer than the name does; it finds nothing then.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence

from hie.fhir import Resource
from hie.fhir.search.is_named import folded, is_han, sounds, texts
from hie.fhir.search.values import Value, Words
from hie.store.session import Reader, Unit

PARAMETERS = frozenset({"name", "family", "given", "phonetic"})  # of Patient
BEGINNINGS = (2, 3, 5, 8)  # characters of what a name, or its pinyin, begins with
_PAIR = 2
_MOST = 4  # pairs of one value that are looked for: few homes have so many
_WHOLE, _BEGIN, _HOLD = "w", "b", "p"

Token = int


def tokens_of(reader: Reader, patient: Resource) -> set[Token]:
    """All tokens of a Patient's names."""
    said: set[tuple[str, str]] = set()
    for name in patient.get("name", ()):
        for text in texts(name):
            known = folded(text)
            said.add((_WHOLE, known))
            said.update((_HOLD, pair) for pair in _pairs(known))
            for sound in (known, *sounds(text)):
                if sound and not is_han(sound[0]):  # Chinese is found by its pairs, wherever
                    said.update((_BEGIN, sound[:n]) for n in BEGINNINGS if len(sound) >= n)
    hashed = reader.db.keys.hashes("name")
    return {_token(hashed(*one)) for one in said}


def can_look_up(modifier: str, values: Iterable[Value]) -> bool:
    """Whether tokens leave few patients to look at, whichever of these values one has."""
    return all(isinstance(one, Words) and _asked(modifier, one.text) for one in values)


def tokens_asked(reader: Reader, modifier: str, values: Iterable[Value]) -> list[list[Token]]:
    """For each value asked for, the tokens that a patient who has it has all of."""
    hashed = reader.db.keys.hashes("name")
    return [
        [_token(hashed(*said)) for said in _asked(modifier, one.text)]
        for one in values
        if isinstance(one, Words)
    ]


async def keep(unit: Unit, patients: Mapping[str, Resource]) -> None:
    """Have these Patients found by their names; by home."""
    rows = sorted(
        (token, home) for home, tree in patients.items() for token in tokens_of(unit, tree)
    )
    if rows:
        await unit.executemany(
            "INSERT INTO name_token (token, home) VALUES ($1, $2) ON CONFLICT DO NOTHING", rows
        )


async def drop(unit: Unit, home: str, versions: Iterable[Resource]) -> None:
    """A Patient who is gone is found by no name any more, of all the versions there were."""
    tokens = {token for tree in versions for token in tokens_of(unit, tree)}
    await unit.executemany(
        "DELETE FROM name_token WHERE token = $1 AND home = $2",
        sorted((token, home) for token in tokens),
    )


async def missing(reader: Reader, patients: Mapping[str, Resource]) -> dict[str, Resource]:
    """Those of these Patients that are not found by all their names."""
    wanted = {home: tokens_of(reader, tree) for home, tree in patients.items()}
    rows = await reader.fetch(
        "SELECT token, home FROM name_token"  # noqa: S608
        f" WHERE {reader.db.among('token', 1)} AND {reader.db.among('home', 2)}",
        reader.db.array(sorted({one for tokens in wanted.values() for one in tokens})),
        reader.db.array(sorted(wanted)),
    )
    have: dict[str, set[Token]] = {}
    for token, home in rows:
        have.setdefault(home, set()).add(token)
    return {
        home: patients[home] for home, tokens in wanted.items() if tokens - have.get(home, set())
    }


def _asked(modifier: str, text: str) -> Sequence[tuple[str, str]]:
    """What a name that meets this has; nothing where that would be half of all names."""
    wanted = folded(text)
    if not wanted:
        return ()
    if modifier == "exact":
        return ((_WHOLE, wanted),)
    if modifier == "contains" or is_han(wanted[0]):
        return [(_HOLD, pair) for pair in dict.fromkeys(_pairs(wanted))][:_MOST]
    if modifier:
        return ()
    longest = max((n for n in BEGINNINGS if n <= len(wanted)), default=0)
    return ((_BEGIN, wanted[:longest]),) if longest else ()


def _pairs(text: str) -> list[str]:
    return [text[n : n + _PAIR] for n in range(len(text) - 1)]


def _token(hashed: str) -> Token:
    """32 bits of a hash, as both databases hold a small integer."""
    return int.from_bytes(base64.urlsafe_b64decode(hashed[:8])[:4], "big", signed=True)
