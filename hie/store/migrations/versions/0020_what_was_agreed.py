"""What institutions agreed on, whence clients call, patients' codes, relations to be reviewed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "agreement",
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=True),
        sa.Column("purposes", TEXT, nullable=True),
        sa.Column("declares", sa.Boolean(), nullable=False),
        sa.Column("people_declare", sa.Boolean(), nullable=False),
        sa.Column("encounter", sa.Boolean(), nullable=False),
        sa.Column("clearance", sa.SmallInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution"),
    )
    op.create_table(
        "client_network",
        sa.Column("client", TEXT, nullable=False),
        sa.Column("network", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("client", "network"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "patient_code",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("ends_us", sa.BigInteger(), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        sa.Column("used_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("patient_code_ends", "patient_code", ["ends_us"])
    op.create_table(
        "relation_review",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("check_id", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("relation_review_state", "relation_review", ["state", "at_us"])
