"""What a driver raises, in the hub's words: away or full is Unavailable, a taken key Conflict.

The driver's own text is not carried over: it quotes the values of the row, and error text
reaches logs. A fault of the program (SQL syntax, a missing column) passes as it is.
"""

import sqlite3

import asyncpg

from hie.errors import Conflict, Contended, HubError, Unavailable

UndefinedTable = asyncpg.UndefinedTableError
PG_FAULTS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    UnicodeError,
    OverflowError,
)
SQLITE_FAULTS = (sqlite3.Error, UnicodeError, OverflowError)

# SQLSTATE classes (PostgreSQL manual, appendix A): 08 connection, 40 rollback (deadlock 40P01,
# serialisation 40001), 53 resources (disk full is 53100), 55 lock not available, 57 operator
# intervention (shutdown, statement timeout), 58 system error; 25006: the server turned standby.
_CONTENDED = frozenset({"40P01", "40001"})
_AWAY = ("08", "40", "53", "55", "57", "58")
_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def from_postgresql(fault: BaseException) -> BaseException:
    """The hub's error for what asyncpg raised, or the fault itself."""
    if isinstance(fault, asyncpg.PostgresError):
        state: str = fault.sqlstate or ""
        if state in _CONTENDED:
            return Contended(f"another unit of work was in the way (SQLSTATE {state})")
        if state.startswith(_AWAY) or state == "25006":
            return Unavailable(f"the database cannot do this now (SQLSTATE {state})")
        if state == "23505":
            return Conflict(f"a row with this key is already in {fault.table_name or 'its table'}")
        if state.startswith(("22", "23")):
            return HubError(f"the database refused a value (SQLSTATE {state})")
    elif isinstance(fault, UnicodeError | OverflowError):
        return HubError("the database refused a value: no text or number it can hold")
    elif isinstance(fault, asyncpg.InternalClientError):
        # The server ended this connection a moment ago; its driver has not seen that yet.
        return Unavailable("the connection to the database was ended by the server")
    elif not any(word in str(fault) for word in ("another operation", "the server expects")):
        return Unavailable(f"no connection to the database ({type(fault).__name__})")
    return (
        fault  # of the program: SQL or arguments that are wrong, one unit used by two tasks at once
    )


def from_sqlite(fault: BaseException) -> BaseException:
    """The hub's error for what sqlite3 raised, or the fault itself."""
    if isinstance(fault, UnicodeError | OverflowError):
        return HubError("the database refused a value: no text or number it can hold")
    if isinstance(fault, sqlite3.ProgrammingError) and "closed database" in str(fault):
        return Unavailable("the database is closed")
    code = getattr(fault, "sqlite_errorcode", None)
    name = getattr(fault, "sqlite_errorname", "")
    if code is not None and code & 0xFF in _SQLITE_AWAY:
        return Unavailable(f"the database cannot do this now ({name})")
    if name in {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"}:
        return Conflict("a row with this key is already there")
    if code is not None and code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return HubError(f"the database refused a value ({name})")
    return fault
