"""Changes that wait for another operator, and what clients' assertions may be made for."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.add_column("client", sa.Column("aud_policy", TEXT, server_default="either", nullable=False))
    op.create_table(
        "proposal",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("base", TEXT, nullable=True),
        sa.Column("wanted", TEXT, nullable=True),
        sa.Column("proposed_by", TEXT, nullable=False),
        sa.Column("names", TEXT, nullable=False),
        sa.Column("proposed_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("proposal_state", "proposal", ["state", "expires_us"])
