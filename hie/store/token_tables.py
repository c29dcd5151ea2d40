"""Tables of tokens: revoked before their end, people hospitals vouch for, fetched keys."""

from sqlmodel import Index, SQLModel

from hie.store.columns import instant, maybe, maybe_data, maybe_instant, text


class RevokedToken(SQLModel, table=True):
    """An access token that ends before its time, by its id; forgotten when it would be over."""

    __tablename__ = "revoked_token"
    __table_args__ = (Index("revoked_token_at", "at_us"), Index("revoked_token_ends", "ends_us"))
    token: str = text(primary_key=True)
    client: str = text()
    at_us: int = instant()
    ends_us: int = instant()


class VouchedPerson(SQLModel, table=True):
    """A member of staff for whom a hospital's system asked tokens; no account here.

    `id` is a keyed hash of institution and staff number, `number` the number itself, sealed.
    `status` is active or suspended: who left gets no token, whatever their hospital says.
    """

    __tablename__ = "vouched_person"
    __table_args__ = (Index("vouched_person_institution", "institution"),)
    id: str = text(primary_key=True)
    institution: str = text()
    number: bytes | None = maybe_data()
    status: str = text()
    created_us: int = instant()
    seen_us: int = instant()


class ClientKeys(SQLModel, table=True):
    """The keys last fetched from a client's registered address, and the last try to fetch them."""

    __tablename__ = "client_keys"
    client: str = text(primary_key=True)
    jwks: str | None = maybe()
    fetched_us: int | None = maybe_instant()
    fresh_until_us: int | None = maybe_instant()
    tried_us: int = instant()
    problem: str | None = maybe()
