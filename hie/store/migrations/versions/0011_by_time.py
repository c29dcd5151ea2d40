"""Versions by when they were written, and the audit log by institution and by patient in time."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
TABLES = [
    "patient",
    "observation",
    "diagnostic_report",
    "imaging_study",
    "endpoint",
    "document_reference",
    "specimen",
    "service_request",
    "provenance",
    "organization",
    "practitioner",
    "practitioner_role",
    "device",
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
_COLUMNS = "access, n, home, person, resources, salt"


def upgrade() -> None:
    """Add what this version brings."""
    for table in TABLES:
        op.create_index(f"{table}_updated", table, ["updated_us"])
    op.create_index("resource_history_updated", "resource_history", ["type", "updated_us"])
    op.create_index("audit_access_institution", "audit_access", ["institution", "at_us"])
    op.drop_index("audit_subject_home", "audit_subject")
    op.drop_index("audit_subject_person", "audit_subject")
    if op.get_bind().dialect.name == "postgresql":
        _add_column()
    else:
        _copy()
    op.create_index("audit_subject_home", "audit_subject", ["home", "at_us"])
    op.create_index("audit_subject_person", "audit_subject", ["person", "at_us"])


def _add_column() -> None:
    op.add_column("audit_subject", sa.Column("at_us", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE audit_subject AS s SET at_us = a.at_us FROM audit_access AS a WHERE a.id = s.access"
    )
    op.alter_column("audit_subject", "at_us", nullable=False)


def _copy() -> None:
    """SQLite adds no column that must be there: the table is made anew."""
    op.rename_table("audit_subject", "audit_subject_before")
    op.create_table(
        "audit_subject",
        sa.Column("access", TEXT, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("home", TEXT, nullable=True),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("resources", TEXT, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("access", "n"),
    )
    op.execute(
        f"INSERT INTO audit_subject ({_COLUMNS}, at_us)"  # noqa: S608 - the columns above
        " SELECT s.access, s.n, s.home, s.person, s.resources, s.salt, a.at_us"
        " FROM audit_subject_before AS s JOIN audit_access AS a ON a.id = s.access"
    )
    op.drop_table("audit_subject_before")
