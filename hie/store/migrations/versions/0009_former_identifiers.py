"""Numbers that Patients no longer have: who asks as of an earlier instant finds them by these."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "identifier_former",
        sa.Column("type", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("type", "hash", "home"),
        sqlite_with_rowid=False,
    )
