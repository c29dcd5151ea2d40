"""The statements of docs/store.md for several machines fit the tables of this version.

Citus asks that every unique constraint of a distributed table has the column it is distributed by,
and that tables side by side are distributed by columns of one type.
"""

import re
from pathlib import Path

from sqlalchemy import Table, UniqueConstraint

from hie.store.tables import METADATA, TABLES

TEXT = (Path(__file__).parents[3] / "docs" / "store.md").read_text("utf-8")
DISTRIBUTED = {
    name: (column, beside)
    for name, column, beside in re.findall(
        r"create_distributed_table\('(\w+)', '(\w+)'(?:, colocate_with => '(\w+)')?\)", TEXT
    )
}
REFERENCE = re.findall(r"create_reference_table\('(\w+)'\)", TEXT)
STAYING = re.findall(r"`(\w+)`", TEXT.partition("* **On the coordinator**: ")[2].partition(". ")[0])


def _unique(table: Table) -> list[set[str]]:
    keys = [{column.name for column in table.primary_key}]
    keys += [{column.name for column in one.columns} for one in table.indexes if one.unique]
    for one in table.constraints:
        if isinstance(one, UniqueConstraint):
            keys.append({column.name for column in one.columns})
    return keys


def test_every_table_has_its_place_and_only_one() -> None:
    named = [*DISTRIBUTED, *REFERENCE, *STAYING]
    assert sorted(named) == sorted(METADATA.tables)


def test_every_unique_constraint_has_the_column_its_table_is_distributed_by() -> None:
    for name, (column, _) in DISTRIBUTED.items():
        for key in _unique(METADATA.tables[name]):
            assert column in key, (name, key)


def test_tables_side_by_side_are_distributed_by_columns_of_one_type() -> None:
    for name, (column, beside) in DISTRIBUTED.items():
        if beside not in ("", "none"):
            other = METADATA.tables[beside].c[DISTRIBUTED[beside][0]]
            assert str(METADATA.tables[name].c[column].type) == str(other.type), name


def test_whatever_is_a_patients_lies_with_the_patient() -> None:
    by_home = {name for name, (column, _) in DISTRIBUTED.items() if column == "home"}
    assert by_home >= set(TABLES.values()) - set(REFERENCE)
    assert {"resource_history", "resource_identifier", "identifier"} <= by_home
