"""Who saw what was said of an order, and which lines were put before somebody as a reminder."""

from collections.abc import Iterable

from hie.store.session import Reader, Unit


async def add(
    unit: Unit,
    check: str,
    refs: Iterable[str],
    *,
    practitioner: str,
    institution: str,
    at_us: int,
    reminded: bool,
) -> int:
    """Note that somebody saw these lines: the first time, and the first time as a reminder.

    How many lines it was new of.
    """
    count = 0
    for ref in refs:
        count += await unit.execute(
            "INSERT INTO order_view (check_id, ref, practitioner, institution, at_us, reminded)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (check_id, ref, practitioner)"
            " DO UPDATE SET reminded = true WHERE excluded.reminded AND NOT order_view.reminded",
            check,
            ref,
            practitioner,
            institution,
            at_us,
            reminded,
        )
    return count


async def reminded_of(reader: Reader, check: str) -> set[str]:
    """The lines of a check that were put before somebody."""
    rows = await reader.fetch(
        "SELECT DISTINCT ref FROM order_view WHERE check_id = $1 AND reminded", check
    )
    return {row[0] for row in rows}


async def decided_in(
    reader: Reader, person: str, institution: str, since_us: int, until_us: int
) -> set[str]:
    """What was decided on for a person at an institution by checks of this time (`ordered`)."""
    rows = await reader.fetch(
        "SELECT DISTINCT d.ordered FROM order_check AS c JOIN decision AS d ON d.check_id = c.id"
        " WHERE c.person = $1 AND c.institution = $2 AND c.at_us >= $3 AND c.at_us < $4"
        " AND d.state <> 'replaced' AND d.ordered IS NOT NULL",
        person,
        institution,
        since_us,
        until_us,
    )
    return {row[0] for row in rows}
