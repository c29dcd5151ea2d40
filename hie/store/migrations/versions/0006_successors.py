"""Successors of institutions, and the decisions that an import of registers touches."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "successor",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_from_us", sa.BigInteger(), nullable=False),
        sa.Column("known_to_us", sa.BigInteger(), nullable=True),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("successor", TEXT, nullable=False),
        sa.Column("start", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "n"),
    )
    op.create_index("successor_code", "successor", ["code", "start"], unique=False)
    op.create_table(
        "register_touched",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("lies", TEXT, nullable=False),
        sa.Column("rules", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "decision"),
    )
    op.create_index("register_touched_decision", "register_touched", ["decision"], unique=False)
    op.add_column("register_import", sa.Column("looked_us", sa.BigInteger(), nullable=True))
    # Imports of earlier versions were never looked through: nobody is asked to do it now.
    op.execute("UPDATE register_import SET looked_us = at_us")
