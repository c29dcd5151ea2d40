"""Name tokens: what a Patient's names are found by."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "name_token",
        sa.Column("token", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("home", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("token", "home"),
        sqlite_with_rowid=False,
    )
