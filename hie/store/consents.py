"""The Consents of patients as rules: written in the unit that changes a Consent or joins persons.

The rules of a person are written for each of their homes, all of them anew from the Consents that
stand: no order of events leaves one behind.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from hie.access.restriction import Restriction
from hie.consent.compiling import Compiled, compile_all
from hie.consent.minors import Ages, ages_of
from hie.consent.naming import WATCHED, Pointing, parts_of, pointed, references, who_is
from hie.consent.provision import Who
from hie.consent.reading import read
from hie.consent.rule import Rule
from hie.consent.terms import Terms, terms_in_force
from hie.fhir import Resource
from hie.fhir.pointers import pointers
from hie.store import progress
from hie.store.families import Family, families_of, hold_families, hold_persons
from hie.store.of_home import of_home
from hie.store.served import STORED, Stored, stored
from hie.store.session import Reader, Unit
from hie.store.tables import HOMELESS, TABLES
from hie.store.versions import read_many
from hie.store.visible import visible

_RULE = (
    "permit", "consent", "institution", "party", "purposes", "source", "kind", "resource", "least",
    "most", "any_topics", "within_topics", "no_topics", "from_us", "until_us", "data_from_us",
    "data_until_us",
)  # fmt: skip
_COLUMNS = ("home", "rank", *_RULE)
_EVERY = Restriction()
_SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
_PIECE = 500  # records looked at together
# The elements that say who made a record.
_MADE_BY = frozenset(
    {"performer", "author", "resultsInterpreter", "interpreter", "recorder", "requester", "agent"}
)
_TERMS = "consents"  # the fact that says by which terms the rules were made


async def recompile(unit: Unit, homes: Iterable[str], terms: Terms | None = None) -> set[str]:
    """Make the rules of the persons these homes belong to anew; whose would be too many, by home.

    There everything is denied.

    To be called after a Consent changed. The families are held alone: what somebody else writes of
    them meanwhile is there before the rules are made, or meets them; and a record that becomes
    theirs meanwhile has the rules too.
    """
    return await _write(unit, await hold_families(unit, homes), terms or terms_in_force())


async def refresh(unit: Unit, homes: Iterable[str]) -> None:
    """`recompile` for persons whose homes or birthdays may have changed; most have no Consents.

    It is asked for Consents too, not for rules alone: one that gave none may give some now.
    """
    wanted, seen = sorted(set(homes)), visible(unit, "Consent", _EVERY)
    rows = await unit.fetch(
        "SELECT DISTINCT a.home FROM person_home AS a"  # noqa: S608
        " JOIN person_home AS b ON b.person = a.person"
        f" WHERE {unit.db.among('a.home', 1)}"
        " AND (EXISTS (SELECT 1 FROM consent_rule AS c WHERE c.home = b.home)"
        f" OR EXISTS (SELECT 1 FROM {seen.sql} AS v WHERE v.home = b.home))",
        unit.db.array(wanted),
    )
    if rows:
        await recompile(unit, [row[0] for row in rows])


async def _write(unit: Unit, families: Iterable[Family], terms: Terms) -> set[str]:
    denied = set[str]()
    for _, family in families:
        found = await compiled(unit, family, terms)
        await write_rules(unit, family, found.rules)
        if not found.is_whole:
            denied.update(family)
    return denied


async def made_by(reader: Reader) -> str | None:
    """By which terms the rules that stand were made; None: by none yet."""
    return await progress.find(reader, _TERMS)


async def note_terms(unit: Unit, terms: Terms) -> None:
    """The rules that stand are made by these terms, all of them."""
    await progress.note(unit, _TERMS, terms.text)


async def homes_with_consents(reader: Reader, after: str, limit: int) -> list[str]:
    """Homes of Patients that have a Consent, by id, a piece at a time."""
    seen = visible(reader, "Consent", _EVERY)
    rows = await reader.fetch(
        f"SELECT DISTINCT home FROM {seen.sql} AS v WHERE v.home > ${seen.following}"  # noqa: S608
        f" ORDER BY home LIMIT ${seen.following + 1}",
        *seen.args,
        after,
        limit,
    )
    return [row[0] for row in rows]


def is_standing(consent: Resource) -> bool:
    """Whether a Consent counts: an active one that is not of an advance directive alone."""
    given = consent.get("scope", {}).get("coding", ())
    scopes = {one.get("code") for one in given if one.get("system") == _SCOPES}
    return consent.get("status") == "active" and scopes != {"adr"}


async def standing(reader: Reader, homes: Iterable[str]) -> list[Stored]:
    """The Consents of these homes that count."""
    seen = visible(reader, "Consent", _EVERY)
    rows = await reader.fetch(
        f"SELECT {STORED} FROM {seen.sql} AS v"  # noqa: S608
        f" WHERE {reader.db.among('v.home', seen.following)} AND v.status = 'active'",
        *seen.args,
        reader.db.array(sorted(set(homes))),
    )
    found = [stored(reader.db, "Consent", row) for row in rows]
    return [one for one in found if is_standing(one.resource())]


async def look_again(unit: Unit, homes: Iterable[str]) -> None:
    """Make the rules anew of those homes that have any about what records point at.

    To be called after records were written: a new one may be meant. It costs one statement, which
    finds nothing for nearly everybody, and none for what is nobody's.
    """
    wanted = sorted(set(homes) - {""})
    if not wanted:
        return
    watched = " OR ".join(f"resource LIKE '{kind}/%'" for kind in sorted(WATCHED))
    rows = await unit.fetch(
        "SELECT DISTINCT home FROM consent_rule"  # noqa: S608
        f" WHERE {unit.db.among('home', 1)} AND resource IS NOT NULL AND ({watched})",
        unit.db.array(wanted),
    )
    if rows:
        families = await hold_persons(unit, [row[0] for row in rows])
        await _write(unit, families, terms_in_force())


async def pointing_in(
    reader: Reader, homes: Sequence[str], wanted: Iterable[Pointing]
) -> dict[Pointing, list[str]]:
    """The resources of these homes that point at each: that are related to it, or made by it."""
    found: dict[Pointing, list[str]] = {one: [] for one in wanted}
    needles = {one: f'"{one[1]}'.encode() for one in found}
    if not found:
        return found
    for kind in sorted(TABLES):
        if kind in HOMELESS or kind in ("Patient", "Consent"):
            continue
        for home in homes:
            async for stored_ in _every(reader, kind, home):
                near = [one for one, needle in needles.items() if needle in stored_.body]
                if near:
                    tree = stored_.resource()
                    for one in near:
                        if _points(tree, one):
                            found[one].append(f"{kind}/{stored_.id}")
    return found


async def _every(reader: Reader, kind: str, home: str) -> AsyncIterator[Stored]:
    after = ""
    while True:
        piece = await of_home(reader, kind, home, _EVERY, after, 0, _PIECE)
        for one in piece:
            yield one
        if len(piece) < _PIECE:
            return
        after = piece[-1].id


def _points(tree: Resource, meant: Pointing) -> bool:
    """Whether a resource points at it, for an author: by an element that says who made it."""
    meaning, text = meant
    made = {name: value for name, value in tree.items() if name in _MADE_BY}
    looked_at = tree if meaning == "related" else made
    return any("/".join(one["reference"].split("/")[:2]) == text for one in pointers(looked_at))


async def known_to(reader: Reader, trees: Sequence[Resource]) -> dict[str, Who]:
    """Who stands behind the references of these Consents; whoever is nobody here is left out."""
    wanted = {text for tree in trees for text in references(tree)}
    roles = await _targets(reader, "PractitionerRole", wanted)
    wanted.update(text for role in roles.values() for text in parts_of(role))
    targets: dict[str, Resource] = {}
    for kind in ("Organization", "Practitioner", "Device"):
        targets |= await _targets(reader, kind, wanted)
    found: dict[str, Who] = {}
    for text, tree in [*targets.items(), *roles.items()]:  # roles last: they name the others
        who = who_is(tree, found, {})
        if who is not None:
            found[text] = who
    return found


async def _targets(reader: Reader, kind: str, wanted: Iterable[str]) -> dict[str, Resource]:
    """The resources of a type among those that are referred to, by the reference."""
    keys = {text.partition("/")[2] for text in wanted if text.startswith(f"{kind}/")}
    found = await read_many(reader, kind, keys, _EVERY)
    return {f"{kind}/{key}": one.resource() for key, one in found.items()}


async def ages_in(reader: Reader, homes: Sequence[str]) -> Ages:
    """When a person comes of age, by the birth dates their Patients have."""
    patients = await read_many(reader, "Patient", homes, _EVERY)
    return ages_of(one.resource().get("birthDate") for one in patients.values())


async def family_of(reader: Reader, home: str) -> list[str]:
    """All homes of the person a home belongs to, itself among them."""
    ((_, family),) = await families_of(reader, [home])
    return family


async def rules_of(reader: Reader, home: str) -> list[Rule]:
    """The rules of a home, the one that counts first first."""
    rows = await reader.fetch(
        f"SELECT {', '.join(_RULE)} FROM consent_rule WHERE home = $1 ORDER BY rank DESC",  # noqa: S608
        home,
    )
    return [_rule(row) for row in rows]


async def rules_by_home(reader: Reader, homes: Iterable[str]) -> dict[str, list[Rule]]:
    """`rules_of` several homes; one that has none is left out."""
    rows = await reader.fetch(
        f"SELECT {', '.join(_RULE)}, home FROM consent_rule"  # noqa: S608
        f" WHERE {reader.db.among('home', 1)} ORDER BY home, rank DESC",
        reader.db.array(sorted(set(homes))),
    )
    found: dict[str, list[Rule]] = {}
    for *columns, home in rows:
        found.setdefault(home, []).append(_rule(columns))
    return found


def _rule(columns: Sequence[Any]) -> Rule:
    decision, *others = columns
    return Rule(decision, **dict(zip(_RULE[1:], others, strict=True)))


async def compiled(reader: Reader, family: Sequence[str], terms: Terms) -> Compiled:
    """The rules that the Consents of these homes give, as they stand now."""
    consents = await standing(reader, family)
    if not consents:
        return Compiled([])
    trees = [one.resource() for one in consents]
    known = await known_to(reader, trees)
    wanted = {pointing for tree in trees for pointing in pointed(tree)}
    pointing = await pointing_in(reader, family, wanted)
    directives = [
        read(tree, known, one.updated_us, pointing)
        for one, tree in zip(consents, trees, strict=True)
    ]
    return compile_all(directives, terms, await ages_in(reader, family))


async def write_rules(unit: Unit, homes: Sequence[str], rules: Sequence[Rule]) -> None:
    """Let these homes have these rules and no others; the first counts first."""
    await unit.execute(
        f"DELETE FROM consent_rule WHERE {unit.db.among('home', 1)}",  # noqa: S608
        unit.db.array(homes),
    )
    if rules:
        rows = [
            (home, len(rules) - place, rule.decision, *(getattr(rule, name) for name in _RULE[1:]))
            for home in homes
            for place, rule in enumerate(rules)
        ]
        await unit.insert("consent_rule", _COLUMNS, rows)
