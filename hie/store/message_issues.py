"""What was found wrong with a message. The value found is sealed, and read back by name only.

It goes to the console of the site's own people; receipts, errors and logs never ask for it.
"""

from collections.abc import Collection, Mapping, Sequence

from hie.adapter import Issue, Severity
from hie.store.session import Reader, Row, Unit
from hie.store.vault import HUB, DataClass

_COLUMNS = ("message", "n", "stage", "code", "severity", "path", "expected", "found")


async def replace(
    unit: Unit, issues: Mapping[str, Sequence[Issue]], first: Collection[str] = ()
) -> None:
    """Make these the issues of the messages; those of an earlier attempt go.

    `first` are messages that were never attempted before.
    """
    before = [message for message in issues if message not in first]
    if before:
        await unit.execute(
            f"DELETE FROM message_issue WHERE {unit.db.among('message', 1)}",  # noqa: S608
            unit.db.array(before),
        )
    rows: list[Row] = [
        (
            message,
            n,
            issue.stage,
            issue.code,
            str(issue.severity),
            issue.path,
            issue.expected,
            _sealed(unit, issue.found, message, n),
        )
        for message, found in issues.items()
        for n, issue in enumerate(found)
    ]
    await unit.insert("message_issue", _COLUMNS, rows)


async def of(reader: Reader, message: str, *, with_found: bool = False) -> list[Issue]:
    """A message's issues in the order found; `with_found` unseals the values (personal data)."""
    rows = await reader.fetch(
        "SELECT n, stage, code, severity, path, expected, found FROM message_issue"
        " WHERE message = $1 ORDER BY n",
        message,
    )
    return [
        Issue(
            row[1],
            row[2],
            Severity(row[3]),
            row[4],
            row[5],
            _unsealed(reader, row[6], message, row[0]) if with_found else None,
        )
        for row in rows
    ]


async def codes(reader: Reader, messages: Sequence[str]) -> dict[str, list[str]]:
    """The distinct issue codes of several messages, for lists."""
    rows = await reader.fetch(
        f"SELECT DISTINCT message, code FROM message_issue WHERE {reader.db.among('message', 1)}"  # noqa: S608
        " ORDER BY message, code",
        reader.db.array(messages),
    )
    found: dict[str, list[str]] = {message: [] for message in messages}
    for message, code in rows:
        found[message].append(code)
    return found


async def found_by(reader: Reader, messages: Sequence[str], code: str) -> list[tuple[str, str]]:
    """The values found by issues of this code, for who may see them: (message, value)."""
    rows = await reader.fetch(
        "SELECT message, n, found FROM message_issue"  # noqa: S608
        f" WHERE {reader.db.among('message', 1)} AND code = $2 ORDER BY message, n",
        reader.db.array(messages),
        code,
    )
    opened = ((row[0], _unsealed(reader, row[2], row[0], row[1])) for row in rows)
    return [(message, value) for message, value in opened if value is not None]


def _sealed(unit: Unit, found: str | None, message: str, n: int) -> bytes | None:
    if found is None:
        return None
    data = found.encode("utf-8", "surrogatepass")
    return unit.db.vault.seal(
        DataClass.MESSAGE, HUB, data, "message_issue", "found", message, str(n)
    )


def _unsealed(reader: Reader, sealed: bytes | None, message: str, n: int) -> str | None:
    if sealed is None:
        return None
    data = reader.db.vault.unseal(sealed, "message_issue", "found", message, str(n))
    return data.decode("utf-8", "surrogatepass")
