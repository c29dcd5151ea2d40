"""The tables of administration, decisions and the audit log.

The two audit tables are only added to: the later ledger numbers and proves their rows as they are.
"""

from sqlalchemy import text as sql_text
from sqlmodel import Index, SQLModel

from hie.store.columns import count, data, instant, maybe, maybe_data, maybe_instant, number, text

# Of an event that names a home, the patient is found by it.
_NO_HOME = sql_text("home IS NULL")


class Site(SQLModel, table=True):
    """A sending system and its profile."""

    __tablename__ = "site"
    id: str = text(primary_key=True)
    institution: str = text()
    adapter: str = text()
    profile: str = text()
    enabled: bool
    updated_us: int = instant()


class Client(SQLModel, table=True):
    """A system that calls the hub, with its public keys or the address they are fetched from."""

    __tablename__ = "client"
    __table_args__ = (Index("client_cds_issuer", "cds_issuer", unique=True),)
    id: str = text(primary_key=True)
    institution: str = text()
    name: str = text()
    jwks: str = text()
    scopes: str = text()
    purposes: str = text()
    status: str = text()
    created_us: int = instant()
    updated_us: int = instant()
    jwks_uri: str | None = maybe()
    cds_issuer: str | None = maybe()
    sender: str | None = maybe()
    aud_policy: str = text(sa_column_kwargs={"server_default": "either"})


class Proposal(SQLModel, table=True):
    """A change to a client or an agreement that waits for another operator.

    `base` is what it was proposed on and `wanted` what it would make of it, both JSON or null.
    `names` are those the machine knows the proposer by, between spaces.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        Index("proposal_state", "state", "expires_us"),
        {"sqlite_with_rowid": False},
    )
    id: str = text(primary_key=True)
    kind: str = text()
    subject: str = text()
    what: str = text()
    action: str = text()
    base: str | None = maybe()
    wanted: str | None = maybe()
    proposed_by: str = text()
    names: str = text()
    proposed_us: int = instant()
    expires_us: int = instant()
    state: str = text()
    closed_us: int | None = maybe_instant()
    closed_by: str | None = maybe()


class UsedToken(SQLModel, table=True):
    """Token ids that were used once and must not be used again before they expire."""

    __tablename__ = "jti"
    __table_args__ = (Index("jti_expires", "expires_us"),)
    issuer: str = text(primary_key=True)
    jti: str = text(primary_key=True)
    expires_us: int = instant()


class Account(SQLModel, table=True):
    """A person who signs in to the pages."""

    __tablename__ = "user_account"
    id: str = text(primary_key=True)
    login: str = text(unique=True)
    argon2: str = text()
    name: str = text()
    role: str = text()
    institution: str = text()
    department: str = text()
    status: str = text()
    lang: str = text()
    created_us: int = instant()


class Session(SQLModel, table=True):
    """A signed-in browser, by the hash of its secret; `frame`: the patient it opens in a frame."""

    __tablename__ = "session"
    __table_args__ = (Index("session_account", "account"),)
    hash: str = text(primary_key=True)
    account: str = text()
    created_us: int = instant()
    seen_us: int = instant()
    csrf: str = text()
    lang: str = text()
    frame: str | None = maybe()


class OrderCheck(SQLModel, table=True):
    """What was asked, answered and known at one order-check; `body` is its compressed JSON."""

    __tablename__ = "order_check"
    __table_args__ = (
        Index("order_check_at", "institution", "at_us"),
        Index("order_check_time", "at_us", "id"),
        Index("order_check_person", "person", "institution", "at_us"),
    )
    id: str = text(primary_key=True)
    at_us: int = instant()
    institution: str = text()
    practitioner: str | None = maybe()
    person: str | None = maybe()
    on_us: int = instant()
    policy: str = text()
    dictionary: int = number(sa_column_kwargs={"name": "dict"})
    body: bytes = data()


class Decision(SQLModel, table=True):
    """What a clinician decided about one order of a check; a later one may replace it.

    `item` is what was ordered; `ordered` says of an examination which one (`reminders.ordered`).
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("decision_check", "check_id", "ref"),
        Index("decision_at", "institution", "at_us"),
        Index("decision_key", "institution", "key", "ref", unique=True),
        Index("decision_replaces", "replaces", unique=True),
    )
    id: str = text(primary_key=True)
    check_id: str = text()
    ref: str = text()
    assessment: str | None = maybe()
    decision: str = text()
    reason: str | None = maybe()
    words: str | None = maybe(sa_column_kwargs={"name": "text"})
    explained: bool | None = None
    practitioner: str = text()
    institution: str = text()
    at_us: int = instant()
    key: str = text()
    state: str = text()
    replaces: str | None = maybe()
    content_hash: str = text()
    item: str | None = maybe()
    ordered: str | None = maybe()


class AuditAccess(SQLModel, table=True):
    """One thing that happened, by its process (`boot`) and place in it (`n`): a gap shows."""

    __tablename__ = "audit_access"
    __table_args__ = (
        Index("audit_access_boot", "boot", "n", unique=True),
        Index("audit_access_at", "at_us"),
        Index("audit_access_institution", "institution", "at_us"),
    )
    id: str = text(primary_key=True)
    at_us: int = instant()
    boot: str = text()
    n: int = count()
    type: str = text()
    action: str = text()
    outcome: str = text()
    kind: str = text()
    client: str = text()
    subject: str = text()
    role: str | None = maybe()
    institution: str = text()
    purpose: str = text()
    token: str | None = maybe()
    network: str | None = maybe()
    request: str | None = maybe()
    reason: str | None = maybe()
    policy: str | None = maybe()
    detail: str | None = maybe()
    query: bytes | None = maybe_data()
    salt: bytes = data()


class AuditSubject(SQLModel, table=True):
    """One patient concerned by an access: each patient's view shows their own row only.

    `at_us` is that of the access, so that one patient's rows lie in the order of time.
    """

    __tablename__ = "audit_subject"
    __table_args__ = (
        Index("audit_subject_home", "home", "at_us"),
        Index(
            "audit_subject_person",
            "person",
            "at_us",
            sqlite_where=_NO_HOME,
            postgresql_where=_NO_HOME,
        ),
    )
    access: str = text(primary_key=True)
    n: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    home: str | None = maybe()
    person: str | None = maybe()
    resources: str = text()
    salt: bytes = data()
    at_us: int = instant()
