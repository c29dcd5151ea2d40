"""Duties after an answer: what was shown, what a decision used, work items and notifications."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Add what this version brings."""
    op.add_column("decision", sa.Column("item", TEXT, nullable=True))
    op.add_column("decision", sa.Column("ordered", TEXT, nullable=True))
    op.create_index("order_check_person", "order_check", ["person", "institution", "at_us"])
    op.create_table(
        "decision_use",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", "decision"),
    )
    op.create_index("decision_use_decision", "decision_use", ["decision"])
    op.create_index("decision_use_home", "decision_use", ["home"])
    op.create_table(
        "work_item",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("check_id", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("done_us", sa.BigInteger(), nullable=True),
        sa.Column("done_by", TEXT, nullable=True),
        sa.Column("closed_with", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("again", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("work_item_list", "work_item", ["institution", "state", "updated_us", "id"])
    op.create_index(
        "work_item_open",
        "work_item",
        ["decision"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("work_item_again", "work_item", ["again"])
    op.create_table(
        "notification",
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("work_item", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "seq"),
    )
    op.create_table(
        "order_view",
        sa.Column("check_id", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("practitioner", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("check_id", "ref", "practitioner"),
    )
    op.create_index("order_view_at", "order_view", ["institution", "at_us"])
