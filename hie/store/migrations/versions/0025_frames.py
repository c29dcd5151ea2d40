"""Whom a session opens in a frame of a HIS."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.add_column("session", sa.Column("frame", TEXT, nullable=True))
