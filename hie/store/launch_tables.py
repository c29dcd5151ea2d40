"""The tables of apps that act for people, and of identity providers that people sign in with."""

from sqlmodel import Index, SQLModel

from hie.store.columns import instant, maybe, maybe_data, maybe_instant, text


class App(SQLModel, table=True):
    """What a client must also have to act for people: where it may be answered, how it is opened.

    `kind` is public or confidential; `redirect_uris` is a JSON list. `everyone`: it serves people
    of every institution, not of its own alone.
    """

    __tablename__ = "app"
    client: str = text(primary_key=True)
    kind: str = text()
    redirect_uris: str = text()
    launch_url: str | None = maybe()
    everyone: bool


class Launch(SQLModel, table=True):
    """A ticket that opens an app, or a page, for one patient; by the hash of what stands in it.

    `client` made it (`pages`: a person did); without `app` it opens a page of the hub.
    """

    __tablename__ = "launch"
    __table_args__ = (Index("launch_expires", "expires_us"),)
    hash: str = text(primary_key=True)
    client: str = text()
    institution: str = text()
    app: str | None = maybe()
    patient: str = text()
    page: str | None = maybe()
    lang: str | None = maybe()
    account: str | None = maybe()
    encounter: str | None = maybe()
    expires_us: int = instant()
    opened_us: int | None = maybe_instant()
    used_us: int | None = maybe_instant()


class AuthCode(SQLModel, table=True):
    """An authorization code by its hash, bound to client, address and PKCE challenge.

    `session` is the hash of the session it was given in; `token` the one it was changed for.
    """

    __tablename__ = "auth_code"
    __table_args__ = (Index("auth_code_expires", "expires_us"),)
    hash: str = text(primary_key=True)
    client: str = text()
    redirect_uri: str = text()
    challenge: str = text()
    account: str = text()
    session: str = text()
    scopes: str = text()
    patient: str | None = maybe()
    encounter: str | None = maybe()
    nonce: str | None = maybe()
    expires_us: int = instant()
    used_us: int | None = maybe_instant()
    token: str | None = maybe()


class IdentityProvider(SQLModel, table=True):
    """Where people of one institution may sign in as well; the issuer is pinned.

    `method` is how the hub proves itself there; `secret` is sealed.
    """

    __tablename__ = "identity_provider"
    id: str = text(primary_key=True)
    issuer: str = text(unique=True)
    institution: str = text()
    client: str = text()
    method: str = text()
    secret: bytes | None = maybe_data()
    algorithm: str = text()
    name: str = text()
    status: str = text()
    created_us: int = instant()
    updated_us: int = instant()


class PersonLink(SQLModel, table=True):
    """Whom a provider's subject is here; the subject is kept as a keyed hash."""

    __tablename__ = "person_link"
    __table_args__ = (Index("person_link_account", "account"),)
    provider: str = text(primary_key=True)
    subject: str = text(primary_key=True)
    account: str = text()
    created_us: int = instant()
