"""Looks through broken glass, counted from the log: of one opening, and their share of all."""

from dataclasses import dataclass

from hie.access.glass import LASTS
from hie.audit.event import EventType
from hie.store.glass import Opening
from hie.store.session import Reader

# What shows a person of the hub something of a patient.
_LOOKS = (
    EventType.READ,
    EventType.VREAD,
    EventType.HISTORY,
    EventType.SEARCH,
    EventType.PAGE,
    EventType.ORDER_CHECK,
    EventType.ASSESS,
)
_AMONG = ", ".join(f"'{kind}'" for kind in _LOOKS)
_SLACK_US = LASTS * 1_000_000  # an answer may be recorded a little after its opening has ended


@dataclass(frozen=True, slots=True)
class Share:
    """Of one department: how many looks there were, and how many through broken glass."""

    institution: str
    department: str
    through: int
    looks: int


async def count(reader: Reader, one: Opening) -> int:
    """How many looks were taken through an opening, by whom it was opened."""
    found: int = await reader.fetchval(
        "SELECT count(*) FROM audit_access AS a WHERE a.institution = $1 AND a.at_us >= $2"  # noqa: S608
        f" AND a.at_us <= $3 AND a.subject = $4 AND a.purpose = 'BTG' AND a.type IN ({_AMONG})"
        " AND EXISTS (SELECT 1 FROM audit_subject AS s WHERE s.access = a.id AND"
        " (s.home = $5 OR s.home IN (SELECT b.home FROM person_home AS c"
        " JOIN person_home AS b ON b.person = c.person WHERE c.home = $5)))",
        one.institution,
        one.at_us,
        (one.ended_us or one.until_us) + _SLACK_US,
        one.subject,
        one.home,
    )
    return found


async def shares(reader: Reader, institution: str | None, since_us: int) -> list[Share]:
    """Every department's share since an instant, the largest first."""
    rows = await reader.fetch(
        "SELECT x.institution, coalesce(a.department, ''),"  # noqa: S608
        " sum(CASE WHEN x.purpose = 'BTG' THEN 1 ELSE 0 END), count(*)"
        " FROM audit_access AS x LEFT JOIN user_account AS a ON a.id = x.subject"
        " WHERE (CAST($1 AS TEXT) IS NULL OR x.institution = $1) AND x.at_us > $2"
        f" AND x.kind = 'user' AND x.type IN ({_AMONG})"
        " GROUP BY x.institution, coalesce(a.department, '')",
        institution,
        since_us,
    )
    found = [Share(row[0], row[1], int(row[2]), row[3]) for row in rows]
    return sorted(found, key=lambda one: (-one.through / one.looks, one.institution))
