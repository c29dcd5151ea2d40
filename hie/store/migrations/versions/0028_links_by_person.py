"""The links of a person are found by an index."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Add what this version brings."""
    op.create_index("link_person", "link", ["person"])
    op.create_index("link_was", "link", ["was"])
