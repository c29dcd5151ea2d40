"""The rules of consents say all that a Consent may: persons, topics, days, one record.

No version wrote any before this one; what stands as Consents is compiled when the hub is opened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.drop_index("consent_rule_consent", "consent_rule")
    op.drop_table("consent_rule")
    op.create_table(
        "consent_rule",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("permit", sa.SmallInteger(), nullable=False),
        sa.Column("institution", TEXT, nullable=True),
        sa.Column("party", TEXT, nullable=True),
        sa.Column("purposes", sa.Integer(), nullable=False),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=True),
        sa.Column("resource", TEXT, nullable=True),
        sa.Column("least", sa.SmallInteger(), nullable=False),
        sa.Column("most", sa.SmallInteger(), nullable=False),
        sa.Column("any_topics", sa.Integer(), nullable=True),
        sa.Column("within_topics", sa.Integer(), nullable=True),
        sa.Column("no_topics", sa.Integer(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("data_from_us", sa.BigInteger(), nullable=True),
        sa.Column("data_until_us", sa.BigInteger(), nullable=True),
        sa.Column("consent", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("home", "rank"),
        sqlite_with_rowid=False,
    )
    op.create_index("consent_rule_consent", "consent_rule", ["consent"])
