"""Cards that left, and what was said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
OPEN = sa.text("fate IS NULL")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "cds_card",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("service", TEXT, nullable=False),
        sa.Column("hook_instance", TEXT, nullable=False),
        sa.Column("check_id", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=True),
        sa.Column("ordered", TEXT, nullable=True),
        sa.Column("practitioner", TEXT, nullable=True),
        sa.Column("home", TEXT, nullable=True),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("suggestions", TEXT, nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("fate", TEXT, nullable=True),
        sa.Column("fate_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("cds_card_check", "cds_card", ["check_id", "ref"])
    op.create_index("cds_card_person", "cds_card", ["person", "institution", "at_us"])
    op.create_index(
        "cds_card_due", "cds_card", ["due_us", "id"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "cds_feedback",
        sa.Column("card", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("suggestion", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("comment", TEXT, nullable=True),
        sa.Column("outcome_us", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("became", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("card", "hash"),
    )
