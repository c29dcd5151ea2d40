"""Images: studies and their instances, endpoints, and what a report is a report of."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
SQUEEZED = ("imaging_study", "endpoint")


def upgrade() -> None:
    """Add what this version brings."""
    op.add_column("diagnostic_report", sa.Column("item", TEXT, nullable=True))
    op.add_column("diagnostic_report", sa.Column("mapping", TEXT, nullable=True))
    op.create_index(
        "diagnostic_report_item",
        "diagnostic_report",
        ["home", "item", "effective_us"],
        unique=False,
    )
    _resource(
        "imaging_study",
        sa.Column("klass", TEXT, nullable=True),
        sa.Column("modality", TEXT, nullable=True),
        sa.Column("effective_us", sa.BigInteger(), nullable=True),
        sa.Column("effective_end_us", sa.BigInteger(), nullable=True),
        sa.Column("uid_hash", TEXT, nullable=True),
        sa.Column("accession_hash", TEXT, nullable=True),
        sa.Column("accession_system", TEXT, nullable=True),
    )
    op.create_index("imaging_study_class", "imaging_study", ["home", "klass", "effective_us"])
    op.create_index("imaging_study_effective", "imaging_study", ["home", "effective_us"])
    op.create_index("imaging_study_when", "imaging_study", ["effective_us", "id"])
    op.create_index("imaging_study_uid", "imaging_study", ["uid_hash"])
    op.create_index("imaging_study_accession", "imaging_study", ["accession_hash"])
    _resource("endpoint")
    op.create_table(
        "study",
        sa.Column("site", TEXT, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("accession_hash", TEXT, nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=True),
        sa.Column("published_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site", "uid"),
    )
    op.create_index("study_due", "study", ["due_us"])
    op.create_index("study_home", "study", ["home"])
    op.create_index("study_resource", "study", ["id"])
    op.create_table(
        "instance",
        sa.Column("site", TEXT, nullable=False),
        sa.Column("sop", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("study", TEXT, nullable=False),
        sa.Column("series", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("data_hash", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at_hub", sa.Boolean(), nullable=False),
        sa.Column("transfer_syntax", TEXT, nullable=False),
        sa.Column("sop_class", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("site", "sop", "sha256"),
    )
    op.create_index("instance_study", "instance", ["site", "study"])
    op.create_index("instance_file", "instance", ["sha256"])
    op.create_index("instance_message", "instance", ["message"])
    op.create_table(
        "arrival",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("study", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.Column("outcome", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", "study"),
    )
    op.create_index("arrival_study", "arrival", ["site", "study"])
    op.create_table(
        "imaging_key",
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("owner", "kind", "hash", "type", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("imaging_key_resource", "imaging_key", ["id"])
    if op.get_bind().dialect.name == "postgresql":
        # These bytes are compressed already: the server need not try again.
        for table in SQUEEZED:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL")


def _resource(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("home", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("home", "id"),
    )
    op.create_index(f"{name}_id", name, ["id"], unique=False)
