"""The log's index of persons holds only the events that name no home: each event has one less."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add what this version brings."""
    op.drop_index("audit_subject_person", "audit_subject")
    op.create_index(
        "audit_subject_person",
        "audit_subject",
        ["person", "at_us"],
        sqlite_where=sa.text("home IS NULL"),
        postgresql_where=sa.text("home IS NULL"),
    )
