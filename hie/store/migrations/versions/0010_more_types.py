"""Tables for the other resource types of the FHIR door, all alike."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
TABLES = [
    "person",
    "location",
    "encounter",
    "consent",
    "concept_map",
    "code_system",
    "value_set",
    "binary_resource",
    "task",
    "communication",
    "guidance_response",
    "detected_issue",
    "measure",
    "measure_report",
    "group_resource",
    "subscription",
    "capability_statement",
    "operation_definition",
    "search_parameter",
    "structure_definition",
    "bundle",
]


def upgrade() -> None:
    """Add what this version brings."""
    for table in TABLES:
        op.create_table(
            table,
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
        op.create_index(f"{table}_id", table, ["id"], unique=False)
        if op.get_bind().dialect.name == "postgresql":
            # These bytes are compressed already: the server need not try again.
            op.execute(f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL")
