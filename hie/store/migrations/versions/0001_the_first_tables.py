"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
SQUEEZED = (
    "patient observation diagnostic_report specimen service_request provenance organization"
    " practitioner practitioner_role device resource_history message order_check"
)


def upgrade() -> None:
    """Add what this version brings."""
    op.create_table(
        "audit_access",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("boot", TEXT, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=True),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("token", TEXT, nullable=True),
        sa.Column("network", TEXT, nullable=True),
        sa.Column("request", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("policy", TEXT, nullable=True),
        sa.Column("detail", TEXT, nullable=True),
        sa.Column("query", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_access_at", "audit_access", ["at_us"], unique=False)
    op.create_index("audit_access_boot", "audit_access", ["boot", "n"], unique=True)
    op.create_table(
        "audit_subject",
        sa.Column("access", TEXT, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("home", TEXT, nullable=True),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("resources", TEXT, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("access", "n"),
    )
    op.create_index("audit_subject_home", "audit_subject", ["home"], unique=False)
    op.create_index("audit_subject_person", "audit_subject", ["person"], unique=False)
    op.create_table(
        "business_key",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "client",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("jwks", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("purposes", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "code_map",
        sa.Column("site", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("specimen", TEXT, nullable=True),
        sa.Column("method", TEXT, nullable=True),
        sa.Column("value_type", TEXT, nullable=True),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column("item", TEXT, nullable=True),
        sa.Column("loinc", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=True),
        sa.Column("samples", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", "system", "code"),
    )
    op.create_table(
        "decision",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("check_id", TEXT, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("assessment", TEXT, nullable=True),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("text", TEXT, nullable=True),
        sa.Column("explained", sa.Boolean(), nullable=True),
        sa.Column("practitioner", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("replaces", TEXT, nullable=True),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decision_at", "decision", ["institution", "at_us"], unique=False)
    op.create_index("decision_check", "decision", ["check_id", "ref"], unique=False)
    op.create_index("decision_key", "decision", ["institution", "key", "ref"], unique=True)
    op.create_index("decision_replaces", "decision", ["replaces"], unique=True)
    op.create_table(
        "device",
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
    op.create_index("device_id", "device", ["id"], unique=False)
    op.create_table(
        "diagnostic_report",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("code_system", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("local_system", TEXT, nullable=True),
        sa.Column("local_code", TEXT, nullable=True),
        sa.Column("category", TEXT, nullable=True),
        sa.Column("effective_us", sa.BigInteger(), nullable=True),
        sa.Column("effective_end_us", sa.BigInteger(), nullable=True),
        sa.Column("issued_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("home", "id"),
    )
    op.create_index(
        "diagnostic_report_effective", "diagnostic_report", ["home", "effective_us"], unique=False
    )
    op.create_index("diagnostic_report_id", "diagnostic_report", ["id"], unique=False)
    op.create_table(
        "hub",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "identifier",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("home", "kind", "system", "hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("identifier_type", "identifier", ["type", "hash"], unique=False)
    op.create_index("identifier_value", "identifier", ["kind", "hash"], unique=False)
    op.create_table(
        "identity_task",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("homes", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("identity_task_state", "identity_task", ["state", "at_us"], unique=False)
    op.create_table(
        "institution",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_from_us", sa.BigInteger(), nullable=False),
        sa.Column("known_to_us", sa.BigInteger(), nullable=True),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("consortium", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("start", TEXT, nullable=False),
        sa.Column("end_day", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("import_id", "n"),
    )
    op.create_index("institution_code", "institution", ["code", "start"], unique=False)
    op.create_table(
        "jti",
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("jti", TEXT, nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "jti"),
    )
    op.create_index("jti_expires", "jti", ["expires_us"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("was", TEXT, nullable=False),
        sa.Column("homes", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("score", TEXT, nullable=True),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("undone_us", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "mark",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_from_us", sa.BigInteger(), nullable=False),
        sa.Column("known_to_us", sa.BigInteger(), nullable=True),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("mark", TEXT, nullable=False),
        sa.Column("start", TEXT, nullable=False),
        sa.Column("end_day", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("import_id", "n"),
    )
    op.create_index("mark_item", "mark", ["institution", "item"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("native_id", TEXT, nullable=True),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("media", TEXT, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_us", sa.BigInteger(), nullable=True),
        sa.Column("kind", TEXT, nullable=True),
        sa.Column("meta", TEXT, nullable=False),
        sa.Column("replay_of", TEXT, nullable=True),
        sa.Column("dropped_reason", TEXT, nullable=True),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("message_received", "message", ["received_us", "id"], unique=False)
    op.create_index("message_site", "message", ["site", "received_us", "id"], unique=False)
    op.create_index("message_state", "message", ["state", "received_us", "id"], unique=False)
    op.create_table(
        "message_issue",
        sa.Column("message", TEXT, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("expected", TEXT, nullable=False),
        sa.Column("found", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("message", "n"),
    )
    op.create_index("message_issue_code", "message_issue", ["code"], unique=False)
    op.create_table(
        "message_record",
        sa.Column("message", TEXT, nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message"),
    )
    op.create_table(
        "observation",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("code_system", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("local_system", TEXT, nullable=True),
        sa.Column("local_code", TEXT, nullable=True),
        sa.Column("item", TEXT, nullable=True),
        sa.Column("mapping", TEXT, nullable=True),
        sa.Column("category", TEXT, nullable=True),
        sa.Column("effective_us", sa.BigInteger(), nullable=True),
        sa.Column("effective_end_us", sa.BigInteger(), nullable=True),
        sa.Column("issued_us", sa.BigInteger(), nullable=True),
        sa.Column("report", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("home", "id"),
    )
    op.create_index("observation_effective", "observation", ["home", "effective_us"], unique=False)
    op.create_index("observation_id", "observation", ["id"], unique=False)
    op.create_index(
        "observation_item", "observation", ["home", "item", "effective_us"], unique=False
    )
    op.create_index(
        "observation_local", "observation", ["local_system", "local_code"], unique=False
    )
    op.create_table(
        "order_check",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("practitioner", TEXT, nullable=True),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("on_us", sa.BigInteger(), nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("order_check_at", "order_check", ["institution", "at_us"], unique=False)
    op.create_table(
        "organization",
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
    op.create_index("organization_id", "organization", ["id"], unique=False)
    op.create_table(
        "patient",
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
    op.create_index("patient_id", "patient", ["id"], unique=False)
    op.create_table(
        "person_home",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("home"),
    )
    op.create_index("person_home_person", "person_home", ["person"], unique=False)
    op.create_table(
        "policy_entry",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_from_us", sa.BigInteger(), nullable=False),
        sa.Column("known_to_us", sa.BigInteger(), nullable=True),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("start", TEXT, nullable=False),
        sa.Column("end_day", TEXT, nullable=True),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "n"),
    )
    op.create_index("policy_scope", "policy_entry", ["scope", "start"], unique=False)
    op.create_table(
        "practitioner",
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
    op.create_index("practitioner_id", "practitioner", ["id"], unique=False)
    op.create_table(
        "practitioner_role",
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
    op.create_index("practitioner_role_id", "practitioner_role", ["id"], unique=False)
    op.create_table(
        "precision_month",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_from_us", sa.BigInteger(), nullable=False),
        sa.Column("known_to_us", sa.BigInteger(), nullable=True),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("month", TEXT, nullable=False),
        sa.Column("cv_percent", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "n"),
    )
    op.create_index("precision_item", "precision_month", ["institution", "item"], unique=False)
    op.create_table(
        "provenance",
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
    op.create_index("provenance_id", "provenance", ["id"], unique=False)
    op.create_table(
        "qualification",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_from_us", sa.BigInteger(), nullable=False),
        sa.Column("known_to_us", sa.BigInteger(), nullable=True),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("round", TEXT, nullable=False),
        sa.Column("start", TEXT, nullable=False),
        sa.Column("end_day", TEXT, nullable=True),
        sa.Column("score", TEXT, nullable=False),
        sa.Column("acceptable", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "n"),
    )
    op.create_index("qualification_item", "qualification", ["institution", "item"], unique=False)
    op.create_table(
        "register_import",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("files", TEXT, nullable=False),
        sa.Column("counts", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "resource_history",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("dict", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("home", "type", "id", "version"),
    )
    op.create_index("resource_history_id", "resource_history", ["id"], unique=False)
    op.create_table(
        "service_request",
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
    op.create_index("service_request_id", "service_request", ["id"], unique=False)
    op.create_table(
        "session",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.Column("csrf", TEXT, nullable=False),
        sa.Column("lang", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("session_account", "session", ["account"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("adapter", TEXT, nullable=False),
        sa.Column("profile", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "specimen",
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
    op.create_index("specimen_id", "specimen", ["id"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("login", TEXT, nullable=False),
        sa.Column("argon2", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("department", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("lang", TEXT, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login"),
    )
    op.create_table(
        "zstd_dictionary",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # These bytes are compressed already: the server need not try again.
        for table in SQUEEZED.split():
            op.execute(f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL")
