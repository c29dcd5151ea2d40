"""A link says of which two homes it is, and what taking it back moved."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    for column in ("one", "other", "parted"):
        op.add_column("link", sa.Column(column, TEXT, nullable=True))
