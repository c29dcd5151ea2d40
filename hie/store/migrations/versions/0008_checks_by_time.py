"""Order-checks of all institutions by time: what a changed rulebook is tried on."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what this version brings."""
    op.create_index("order_check_time", "order_check", ["at_us", "id"])
