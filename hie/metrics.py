"""What the hub counts of itself, for /metrics: how much, how fast, how often refused.

No label ever holds a value of a patient, a person or a caller: sites, channels and closed words
alone. Counters are this process's since its start; what is in the database is asked of it when
/metrics is read (`hie.exchange.measured`). `docs/operations.md` describes each.
"""

from prometheus_client import Counter, Gauge, Histogram

RECEIVED = Counter(
    "hie_messages_received",
    "Messages that doors received and kept, by site and channel; again: the bytes were there.",
    ["site", "channel", "again"],
)
MESSAGES = Gauge(
    "hie_messages", "Messages in the database, by site, channel and state.",
    ["site", "channel", "state"],
)  # fmt: skip
WAITING_SECONDS = Gauge(
    "hie_oldest_waiting_seconds", "How long the oldest message that is not processed yet waits."
)
DATABASE_UP = Gauge("hie_database_up", "1 when the database answered this request, else 0.")
ORDER_CHECKS = Counter(
    "hie_order_checks", "Order-checks answered, by what became of the identity.", ["identity"]
)
ORDERS = Counter("hie_orders_assessed", "Orders in answers, by outcome.", ["outcome"])
ORDER_CHECK_SECONDS = Histogram(
    "hie_order_check_seconds",
    "Time of an order-check, from the request read to the answer recorded.",
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
DECISIONS = Counter(
    "hie_decisions", "Decisions of clinicians, by what was decided and what became of it.",
    ["decision", "state"],
)  # fmt: skip
CARDS = Counter(
    "hie_cards", "Cards of CDS Hooks, by what was said of them or became of them unsaid.",
    ["became"],
)  # fmt: skip
WORK_ITEMS = Gauge(
    "hie_work_items", "Reopened decisions that wait for their institution, by cause.", ["cause"]
)
AUDIT_EVENTS = Counter(
    "hie_audit_events", "Audit events written, by type and outcome.", ["type", "outcome"]
)
REFUSALS = Counter(
    "hie_refusals", "Callers refused, by the reason the audit log keeps.", ["reason"]
)
OWN = (
    RECEIVED, MESSAGES, WAITING_SECONDS, DATABASE_UP, ORDER_CHECKS, ORDERS, ORDER_CHECK_SECONDS,
    DECISIONS, CARDS, WORK_ITEMS, AUDIT_EVENTS, REFUSALS,
)  # fmt: skip
