"""Who may see whom: labels of rows, relations of institutions to patients, rules of consents."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

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
    "resource_history",
]
_LAST = 9_223_372_036_854_775_807
_OWN = f"""
INSERT INTO relation (institution, home, kind, from_us, until_us, source)
SELECT coalesce(s.institution, substr(p.message, 13)), p.id, 'own', 0, {_LAST}, 'Patient'
FROM patient AS p
LEFT JOIN message AS m ON m.id = p.message
LEFT JOIN site AS s ON s.id = m.site
WHERE s.institution IS NOT NULL OR p.message LIKE 'institution:%'
"""  # noqa: S608 - a number of this module
_SPREAD = """
INSERT INTO reach (home, institution, kind, from_us, until_us)
SELECT b.home, r.institution, r.kind, min(r.from_us), max(r.until_us)
FROM relation AS r
JOIN person_home AS a ON a.home = r.home
JOIN person_home AS b ON b.person = a.person
WHERE r.kind <> 'own'
GROUP BY b.home, r.institution, r.kind
UNION ALL SELECT home, institution, kind, from_us, until_us FROM relation WHERE kind = 'own'
"""


def upgrade() -> None:
    """Add what this version brings."""
    for table in TABLES:
        op.add_column(table, sa.Column("label", sa.Integer(), nullable=True))
    op.create_table(
        "relation",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("home", "institution", "kind"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reach",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("institution", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("home", "institution", "kind"),
        sqlite_with_rowid=False,
    )
    _consent_rule()
    op.execute(_OWN)
    op.execute(_SPREAD)


def _consent_rule() -> None:
    op.create_table(
        "consent_rule",
        sa.Column("home", TEXT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("permit", sa.SmallInteger(), nullable=False),
        sa.Column("institution", TEXT, nullable=True),
        sa.Column("source_institution", TEXT, nullable=True),
        sa.Column("purpose", TEXT, nullable=True),
        sa.Column("label_mask", sa.Integer(), nullable=True),
        sa.Column("clearance", sa.Integer(), nullable=True),
        sa.Column("resource", TEXT, nullable=True),
        sa.Column("author", TEXT, nullable=True),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("data_from_us", sa.BigInteger(), nullable=True),
        sa.Column("data_until_us", sa.BigInteger(), nullable=True),
        sa.Column("consent", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("home", "rank"),
        sqlite_with_rowid=False,
    )
    op.create_index("consent_rule_consent", "consent_rule", ["consent"])
