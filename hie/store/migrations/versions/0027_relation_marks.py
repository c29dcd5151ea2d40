"""That the hub wrote a relation stands beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.add_column("relation", sa.Column("mark", TEXT, nullable=True))
