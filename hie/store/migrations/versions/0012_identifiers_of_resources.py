"""Resources of every type found by their identifiers; codes that have no column of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "resource_identifier",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("hash", "home", "id"),
        sqlite_with_rowid=False,
    )
    for table in ("observation", "diagnostic_report", "imaging_study"):
        op.add_column(table, sa.Column("codes", TEXT, nullable=True))
