"""Results take less room: one key instead of two indexes, and no column that nobody asks for.

Three quarters of the rows a hub has are results. Their key begins with the id, so it is the index
by id too; the index by home and item serves whatever is asked of a home.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
_COLUMNS = (
    "home, id, version, updated_us, message, status, dict, body, code_system, code, local_system,"
    " local_code, item, category, effective_us, effective_end_us, issued_us, report, codes"
)


def upgrade() -> None:
    """Add what this version brings."""
    op.drop_index("observation_id", "observation")
    op.drop_index("observation_effective", "observation")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("observation_pkey", "observation")
        op.create_primary_key("observation_pkey", "observation", ["id", "home"])
        op.drop_column("observation", "mapping")
    else:
        _copy()


def _copy() -> None:
    """SQLite changes no key: the table is made anew."""
    for index in ("item", "local", "updated"):
        op.drop_index(f"observation_{index}", "observation")
    op.rename_table("observation", "observation_before")
    op.create_table(
        "observation",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("code_system", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("local_system", TEXT, nullable=True),
        sa.Column("local_code", TEXT, nullable=True),
        sa.Column("item", TEXT, nullable=True),
        sa.Column("category", TEXT, nullable=True),
        sa.Column("effective_us", sa.BigInteger(), nullable=True),
        sa.Column("effective_end_us", sa.BigInteger(), nullable=True),
        sa.Column("issued_us", sa.BigInteger(), nullable=True),
        sa.Column("report", TEXT, nullable=True),
        sa.Column("codes", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", "home"),
    )
    op.execute(
        f"INSERT INTO observation ({_COLUMNS}) SELECT {_COLUMNS} FROM observation_before"  # noqa: S608
    )
    op.drop_table("observation_before")
    op.create_index("observation_item", "observation", ["home", "item", "effective_us"])
    op.create_index("observation_local", "observation", ["local_system", "local_code"])
    op.create_index("observation_updated", "observation", ["updated_us"])
