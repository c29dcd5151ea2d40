"""Documents of studies: structured reports and encapsulated ones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
TABLE = "document_reference"


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        TABLE,
        sa.Column("home", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("home", "id"),
    )
    op.create_index(f"{TABLE}_id", TABLE, ["id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        # These bytes are compressed already: the server need not try again.
        op.execute(f"ALTER TABLE {TABLE} ALTER COLUMN body SET STORAGE EXTERNAL")
