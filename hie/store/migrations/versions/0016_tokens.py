"""Tokens that end early, people hospitals vouch for, keys fetched from a client's address."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "revoked_token",
        sa.Column("token", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("revoked_token_at", "revoked_token", ["at_us"])
    op.create_index("revoked_token_ends", "revoked_token", ["ends_us"])
    op.create_table(
        "vouched_person",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("vouched_person_institution", "vouched_person", ["institution"])
    op.create_table(
        "client_keys",
        sa.Column("client", TEXT, nullable=False),
        sa.Column("jwks", TEXT, nullable=True),
        sa.Column("fetched_us", sa.BigInteger(), nullable=True),
        sa.Column("fresh_until_us", sa.BigInteger(), nullable=True),
        sa.Column("tried_us", sa.BigInteger(), nullable=False),
        sa.Column("problem", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("client"),
    )
    op.add_column("client", sa.Column("jwks_uri", TEXT, nullable=True))
    op.add_column("client", sa.Column("cds_issuer", TEXT, nullable=True))
    op.create_index("client_cds_issuer", "client", ["cds_issuer"], unique=True)
