"""A patient's consent as a condition on the rows of one table.

The rules are those of `hie.consent.rule`, asked for each row by one look at an index. Evaluated
with every statement, from what is committed: a withdrawal holds in every process at once. What is
not known about a row a denial takes for granted, a permission never does.
"""

from hie.access.restriction import Asking
from hie.consent.words import GLASS, TOPICS_MASK, UNMAPPED, purpose_bit
from hie.store.arguments import Arguments
from hie.store.whose import Rows

_HISTORY = "resource_history"
# One row of a patient who has any rules: the lowest of them. PostgreSQL asks it once for a patient.
RULED = "LEFT JOIN consent_rule AS ruled ON ruled.home = {table}.home AND ruled.rank = 1"
_DATED = frozenset({"Observation", "DiagnosticReport", "ImagingStudy"})
# Topics of a row; one without a label may be about anything.
_TOPICS = "(CASE WHEN {t}.label IS NULL THEN {unmapped} ELSE ({t}.label / 4) & {all} END)"


def consented(args: Arguments, rows: Rows, asks: Asking, opened: frozenset[str], least: str) -> str:
    """The decision about a row is at least `least` (SQL: 1 permitted, 2 opens what is restricted).

    It is that of the patient's rule of the highest rank that speaks of the row, else the region's
    policy. `opened`: the homes the glass is broken for. Without rules no row costs a look.
    """
    decision = _decision(args, rows, asks, opened)
    return f"({decision}) >= {least}"


def is_ruled(rows: Rows) -> str:
    """Whether the patient has any rules."""
    if rows.is_joined:
        return "ruled.home IS NOT NULL"
    return f"EXISTS (SELECT 1 FROM consent_rule AS e WHERE e.home = {rows.home})"  # noqa: S608


def own(args: Arguments, rows: Rows, asks: Asking) -> str | None:
    """What consent is not asked about: the institution's own Patient, the Consents it recorded.

    Without them nobody could find the patient who comes to change their mind, nor what to change.
    Who writes may write again what the institution wrote itself.
    """
    if rows.kind == "Patient":
        return (
            f"EXISTS (SELECT 1 FROM reach AS o WHERE o.home = {rows.home}"  # noqa: S608
            f" AND o.institution = {args.add(asks.institution)} AND o.kind = 'own')"
        )
    if rows.kind == "Consent" or asks.writing:
        return f"{rows.table}.message = {args.add(f'institution:{asks.institution}')}"
    return None


def _decision(args: Arguments, rows: Rows, asks: Asking, opened: frozenset[str]) -> str:
    purpose, policy = f"{purpose_bit(asks.purpose)}", f"{asks.permitted:d}"
    if opened:
        broken = args.among(rows.home, opened)
        purpose = f"(CASE WHEN {broken} THEN {GLASS} ELSE {purpose} END)"
        policy = f"CASE WHEN {broken} THEN {asks.emergency:d} ELSE {asks.permitted:d} END"
    now = args.add(asks.at_us)
    parts = [
        f"c.home = {rows.home} AND c.from_us <= {now} AND c.until_us > {now}",
        f"(c.institution IS NULL OR c.institution = {args.add(asks.institution)})",
        f"(c.party IS NULL OR {args.among('c.party', asks.parties)})",
        f"(c.purposes & {purpose}) <> 0",
        f"(c.source IS NULL OR {_source(rows)})",
        f"(c.permit <> 0 OR {_patient(rows.table)})" if rows.kind == "Patient" else _record(rows),
    ]
    said = (
        f"coalesce((SELECT c.permit FROM consent_rule AS c WHERE {' AND '.join(parts)}"  # noqa: S608
        f" ORDER BY c.rank DESC LIMIT 1), {policy})"
    )
    return f"CASE WHEN {is_ruled(rows)} THEN {said} ELSE {policy} END"


def _source(rows: Rows) -> str:
    """Whose record a row is: of the institution that wrote it, else of whom its patient is."""
    return (
        f"CASE WHEN {rows.table}.message LIKE 'institution:%'"  # noqa: S608
        f" THEN {rows.table}.message = 'institution:' || c.source"
        f" ELSE EXISTS (SELECT 1 FROM reach AS o WHERE o.home = {rows.home}"
        " AND o.institution = c.source AND o.kind = 'own') END"
    )


def _patient(table: str) -> str:
    """Who the patient is: hidden by a denial of everything, or of just this; not of results."""
    topics = f"((coalesce({table}.label, 1) / 4) & {TOPICS_MASK})"
    level = f"(coalesce({table}.label, 1) & 3)"
    return (
        "(c.kind IS NULL OR c.kind = 'Patient')"
        f" AND (c.resource IS NULL OR c.resource = 'Patient/' || {table}.id)"
        " AND c.data_from_us IS NULL AND c.data_until_us IS NULL"
        f" AND {level} BETWEEN c.least AND c.most"
        f" AND (c.any_topics IS NULL OR ({topics} & c.any_topics) <> 0)"
        f" AND (c.within_topics IS NULL OR ({topics} <> 0 AND ({topics} & ~c.within_topics) = 0))"
        f" AND ({topics} & c.no_topics) = 0"
    )


def _record(rows: Rows) -> str:
    table, kind = rows.table, rows.kind
    level = f"(coalesce({table}.label, 1) & 3)"
    topics = _TOPICS.format(t=table, unmapped=UNMAPPED, all=TOPICS_MASK)
    unknown = f"c.permit = 0 AND ({topics} & {UNMAPPED}) <> 0"
    return (
        f"(c.kind IS NULL OR c.kind = '{kind}')"
        f" AND (c.resource IS NULL OR {_named(rows)})"
        f" AND {level} BETWEEN c.least AND c.most"
        f" AND (c.any_topics IS NULL OR ({topics} & c.any_topics) <> 0 OR {unknown})"
        f" AND (c.within_topics IS NULL OR {unknown}"
        f" OR ({topics} <> 0 AND ({topics} & ~c.within_topics) = 0))"
        f" AND (c.no_topics = 0 OR (({topics} & c.no_topics) = 0"
        f" AND (c.permit = 0 OR ({topics} & {UNMAPPED}) = 0)))"
        f" AND (c.data_from_us IS NULL AND c.data_until_us IS NULL OR {_dated(table, kind)})"
    )


def _named(rows: Rows) -> str:
    """The record itself; a result of the report, and for a denial the report of the result."""
    table, kind = rows.table, rows.kind
    own = f"c.resource = '{kind}/' || {table}.id"
    if kind == "Observation":
        report = f"{table}.report"
        if table == _HISTORY:
            of_now = f"o.id = {table}.id AND o.home = {rows.home}"
            report = (
                f"coalesce((SELECT coalesce(o.report, '') FROM observation AS o WHERE {of_now}),"  # noqa: S608
                " CASE WHEN c.permit = 0 THEN substr(c.resource, 18) END)"
            )
        return f"{own} OR c.resource = 'DiagnosticReport/' || {report}"
    if kind == "DiagnosticReport":
        return (
            f"{own} OR (c.permit = 0 AND c.resource LIKE 'Observation/%' AND EXISTS"  # noqa: S608
            " (SELECT 1 FROM observation AS o WHERE o.id = substr(c.resource, 13)"
            f" AND o.home = {rows.home} AND o.report = {table}.id))"
        )
    return own


def _dated(table: str, kind: str) -> str:
    """Any part of it within the days of a denial, all of it within those of a permission."""
    if table == _HISTORY or kind not in _DATED:
        return "c.permit = 0"
    first = f"{table}.effective_us"
    last = f"coalesce({table}.effective_end_us, {table}.effective_us)"
    return (
        f"CASE WHEN {first} IS NULL THEN c.permit = 0 WHEN c.permit = 0"
        f" THEN (c.data_from_us IS NULL OR {last} >= c.data_from_us)"
        f" AND (c.data_until_us IS NULL OR {first} < c.data_until_us)"
        f" ELSE (c.data_from_us IS NULL OR {first} >= c.data_from_us)"
        f" AND (c.data_until_us IS NULL OR {last} < c.data_until_us) END"
    )
