"""The rows a statement reads of one table, and how SQL says whose they are.

`home` is the column of each row, or the argument that names the one patient all rows are of: what
is then asked about the patient depends on no row, and PostgreSQL and SQLite ask it once.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table, of resources of one type.

    `is_joined`: the row of the commonest relation and the patient's first rule are joined to each.
    """

    table: str
    kind: str
    home: str
    is_joined: bool = False
