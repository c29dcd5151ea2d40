"""Sessions of people: a random secret in a cookie, everything else on the hub's side.

The database holds the secret's hash, so that a stolen copy opens no session. A session ends after
15 minutes without use, after 8 hours in any case, and at once when its person is suspended. One in
a frame of a HIS (`frames`) is another, with a cookie of its own: it opens the pages of one patient,
and ends after 10 minutes without use, after 30 in any case.
"""

import secrets
from dataclasses import dataclass

from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import ROLE_SCOPES, Role
from hie.access.reason import Reason, refused
from hie.oauth import cookies
from hie.oauth.caller import network_of, request_id_of
from hie.oauth.entrance import Entrance
from hie.oauth.frames import is_framed
from hie.oauth.standing import FRAMED_LONGEST, LONGEST
from hie.store import sessions

IDLE = 15 * 60  # seconds
FRAMED_IDLE = 10 * 60
_NOTE_EVERY = 30  # seconds between two notes that the session is used
_SECOND = 1_000_000
_NAME = "hie_session"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person, as pages show them, with the token their forms must carry.

    `frame`: the id of the patient whose pages are opened in a frame, "" before there is one.
    """

    user: str
    login: str
    name: str
    department: str
    institution: str
    role: Role
    lang: str
    csrf: str
    frame: str | None = None


def cookie_name(*, secure: bool, framed: bool = False) -> str:
    """The session cookie."""
    return cookies.cookie_name(_NAME, secure=secure, framed=framed)


def set_session_cookie(
    response: Response, secret: str, *, secure: bool, framed: bool = False
) -> None:
    """Give the browser its session; it forgets it when it is closed."""
    cookies.give(response, _NAME, secret, secure=secure, framed=framed)


def delete_session_cookie(response: Response, *, secure: bool, framed: bool = False) -> None:
    """Take the session from the browser."""
    cookies.take_back(response, _NAME, secure=secure, framed=framed)


def session_secret(scope: Scope, *, secure: bool) -> str | None:
    """The secret in the request's cookie; None when there is none, or more than one."""
    name = cookie_name(secure=secure, framed=is_framed(scope))
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == b"cookie"]
    found = [
        cookie_parser(part)[name]
        for line in lines
        for part in line.split(";")
        if part.strip().startswith(f"{name}=")
    ]
    return found[0] if len(found) == 1 else None


def session_mark(entrance: Entrance, secret: str) -> str:
    """What the audit log calls a session: a keyed hash, which opens nothing."""
    return entrance.db.keys.short("session-mark", secret)


def session_hash(entrance: Entrance, scope: Scope) -> str:
    """What the session of a request is known by: codes and tokens name it, and end with it.

    Raises NotAuthenticated without one.
    """
    secret = session_secret(scope, secure=entrance.secure)
    if secret is None:
        raise refused(Reason.NO_TOKEN)
    return sessions.hash_of(entrance.db, secret)


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


async def rotate(entrance: Entrance, scope: Scope) -> str:
    """Give the session of a request a new secret, and the browser with it: more is open to it now.

    Raises NotAuthenticated.
    """
    old = session_secret(scope, secure=entrance.secure)
    if old is None:
        raise refused(Reason.NO_TOKEN)
    secret = new_secret()
    async with entrance.db.unit() as unit:
        await sessions.rename(unit, old, secret)
    return secret


async def find_session(entrance: Entrance, scope: Scope) -> tuple[Actor, Session]:
    """Who is signed in; raises NotAuthenticated.

    In a frame they see the launched patient alone; before there is one, nobody.
    """
    secret = session_secret(scope, secure=entrance.secure)
    if secret is None:
        raise refused(Reason.NO_TOKEN)
    now_us, framed = int(entrance.clock() * _SECOND), is_framed(scope)
    idle, longest = (FRAMED_IDLE, FRAMED_LONGEST) if framed else (IDLE, LONGEST)
    async with entrance.db.reading() as reader:
        found = await sessions.find(
            reader,
            secret,
            seen_after_us=now_us - idle * _SECOND,
            begun_after_us=now_us - longest * _SECOND,
            framed=framed,
        )
    if found is None:
        raise refused(Reason.SESSION)
    account = found.account
    if not await entrance.is_open(account.institution):
        raise refused(Reason.STATUS)
    if now_us - found.seen_us > _NOTE_EVERY * _SECOND:
        async with entrance.db.unit() as unit:
            await sessions.seen(unit, secret, now_us)
    role = Role(account.role)
    actor = Actor(
        kind=ActorKind.USER,
        client="pages",
        subject=account.id,
        institution=account.institution,
        purpose=Purpose.TREATMENT if role is Role.CLINICIAN else Purpose.OPERATIONS,
        scopes=ROLE_SCOPES[role],
        role=role.value,
        token=session_mark(entrance, secret),
        network=network_of(scope),
        request=request_id_of(scope),
        patient=found.frame,
    )
    return actor, Session(
        user=account.id,
        login=account.login,
        name=account.name,
        department=account.department,
        institution=account.institution,
        role=role,
        lang=found.lang,
        csrf=found.csrf,
        frame=found.frame,
    )
