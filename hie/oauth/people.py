"""The people who sign in: added, suspended and given passwords by an operator."""

import re
from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.policy import Role
from hie.audit.event import Action, Event, EventType
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.oauth.entrance import Entrance
from hie.oauth.passwords import accept_password, hash_password
from hie.oauth.registration import NAME
from hie.recognition.credit_code import is_credit_code
from hie.store import ledger, users
from hie.store.session import Reader

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
_ROLES = frozenset(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What an operator says of a person."""

    login: str
    name: str
    role: str
    institution: str
    password: str
    department: str = ""
    lang: str = "zh"


async def add_person(entrance: Entrance, actor: Actor, asked: NewPerson) -> str:
    """Add a person; their id. Raises UnprocessableRequest naming every fault, Conflict."""
    faults = _faults(asked)
    password = ""
    try:
        password = accept_password(asked.password, asked.login)
    except UnprocessableRequest as error:
        faults.extend(error.faults)
    if faults:
        raise UnprocessableRequest("the person cannot be added", tuple(faults))
    hashed = await hash_password(password)
    async with entrance.db.unit() as unit:
        account = await users.add(
            unit,
            login=asked.login,
            argon2=hashed,
            name=asked.name,
            role=asked.role,
            institution=asked.institution,
            department=asked.department,
            lang=asked.lang,
            now_us=int(entrance.clock() * 1_000_000),
        )
        await ledger.append(unit, _change(actor, Action.CREATE, f"add {account} {asked.role}"))
    return account


async def set_password(entrance: Entrance, actor: Actor, login: str, password: str) -> None:
    """Give a person another password; their sessions end.

    Raises UnprocessableRequest (too weak), ResourceNotFound.
    """
    hashed = await hash_password(accept_password(password, login))
    async with entrance.db.unit() as unit:
        account = await _get(unit, login)
        await users.set_password(unit, account.id, hashed)
        await ledger.append(unit, _change(actor, Action.UPDATE, f"password {account.id}"))


async def set_person_active(entrance: Entrance, actor: Actor, login: str, *, active: bool) -> None:
    """Suspend a person, whose sessions end, or let them sign in again. Raises ResourceNotFound."""
    status = "active" if active else "suspended"
    async with entrance.db.unit() as unit:
        account = await _get(unit, login)
        await users.set_status(unit, account.id, status)
        await ledger.append(unit, _change(actor, Action.UPDATE, f"{status} {account.id}"))


async def list_people(entrance: Entrance) -> list[users.Account]:
    """All accounts by login."""
    async with entrance.db.reading() as reader:
        return await users.everyone(reader)


async def _get(reader: Reader, login: str) -> users.Account:
    account = await users.by_login(reader, login)
    if account is None:
        raise ResourceNotFound("no person of this login")
    return account


def _faults(asked: NewPerson) -> list[Fault]:
    faults = []
    if LOGIN.fullmatch(asked.login) is None:
        faults.append(Fault("login", "login-format", "1 to 63 of a-z 0-9 . _ @ -"))
    for field, text in (("name", asked.name), ("department", asked.department)):
        if NAME.fullmatch(text) is None:
            expected = "at most 100 characters, no control characters"
            faults.append(Fault(field, "name-format", expected))
    if not asked.name.strip():
        faults.append(Fault("name", "name-missing", "the name as pages show it"))
    if asked.role not in _ROLES:
        faults.append(Fault("role", "role-unknown", ", ".join(sorted(_ROLES))))
    if not is_credit_code(asked.institution):
        expected = "a unified social credit code (GB 32100)"
        faults.append(Fault("institution", "invalid-code", expected))
    if asked.lang not in {"zh", "en"}:
        faults.append(Fault("lang", "language-unknown", "zh or en"))
    return faults


def _change(actor: Actor, action: Action, detail: str) -> Event:
    return Event(type=EventType.USER_CHANGE, action=action, actor=actor, detail=detail)
