"""What a client's tokens are bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.add_column("client", sa.Column("sender", TEXT, nullable=True))
