"""Apps that act for people, launch tickets, authorization codes, identity providers."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "app",
        sa.Column("client", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("redirect_uris", TEXT, nullable=False),
        sa.Column("launch_url", TEXT, nullable=True),
        sa.Column("everyone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("client"),
    )
    op.create_table(
        "launch",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("app", TEXT, nullable=True),
        sa.Column("patient", TEXT, nullable=False),
        sa.Column("page", TEXT, nullable=True),
        sa.Column("lang", TEXT, nullable=True),
        sa.Column("account", TEXT, nullable=True),
        sa.Column("encounter", TEXT, nullable=True),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=True),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("launch_expires", "launch", ["expires_us"])
    op.create_table(
        "auth_code",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("redirect_uri", TEXT, nullable=False),
        sa.Column("challenge", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("session", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("patient", TEXT, nullable=True),
        sa.Column("encounter", TEXT, nullable=True),
        sa.Column("nonce", TEXT, nullable=True),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        sa.Column("token", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("auth_code_expires", "auth_code", ["expires_us"])
    op.create_table(
        "identity_provider",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("issuer", TEXT, nullable=False, unique=True),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "person_link",
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "subject"),
    )
    op.create_index("person_link_account", "person_link", ["account"])
