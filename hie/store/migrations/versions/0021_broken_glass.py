"""Openings of the glass with their reviews, and people's second factors."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "glass_opening",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("agreed_by", TEXT, nullable=True),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reviewed_us", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", TEXT, nullable=True),
        sa.Column("lifted_us", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("glass_opening_subject", "glass_opening", ["subject", "at_us"])
    op.create_index("glass_opening_review", "glass_opening", ["institution", "state", "at_us"])
    op.create_table(
        "second_factor",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
