"""Messages that attack the reader, sent to the doors as a laboratory would: no fault, no lie.

Each is stored or held with its issues, or refused; none makes a segment, a patient or a result that
was not sent, and the next sound message is stored.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.hostile.support import ECHO
from tests.integration.two_hospitals import TEXT, Doors, opened_doors
from tests.places import Place

pytestmark = pytest.mark.anyio
# What the first result says: another number tomorrow.
VALUE = next(s for s in TEXT.split("\r") if s.startswith("OBX|1|")).split("|")[5]
DIGITS = VALUE.encode()
SETTLED = {"stored", "held", "dropped"}


@pytest.fixture
async def doors(place: Place, tmp_path: Path) -> AsyncIterator[Doors]:
    async with opened_doors(place, tmp_path) as found:
        yield found


def spoilt(doors: Doors) -> list[tuple[str, bytes]]:
    """Every member of the family, each a message of its own."""

    def one(old: str, new: str, **changed: str) -> bytes:
        sound = doors.message(**changed)
        assert old in sound
        return sound.replace(old, new, 1).encode()

    whole = doors.message()
    return [
        ("no MSH", whole.split("\r", 1)[1].encode()),
        ("MSH alone", whole.split("\r", 1)[0].encode()),
        ("MSH cut", b"MSH|^~\\&|"),
        ("separators of its own", whole.replace("MSH|^~\\&|", "MSH|*~\\&|", 1).encode()),
        ("one separator twice", whole.replace("MSH|^~\\&|", "MSH|^^\\&|", 1).encode()),
        ("separators that are letters", whole.replace("MSH|^~\\&|", "MSHAabcd|", 1).encode()),
        ("separators that end a line", whole.replace("MSH|^~\\&|", "MSH\r^~\\&\r", 1).encode()),
        ("no separators", whole.replace("MSH|^~\\&|", "MSH", 1).encode()),
        ("an escaped line end", one("^钾^", f"^{ECHO}\\X0D\\PID|1||{ECHO}^")),
        (
            "an escaped line end in a value",
            one(VALUE, VALUE + "\\X0D\\OBX|99|NM|K||9.99||||||F\\X0A\\"),
        ),
        ("an escape without an end", one(VALUE, VALUE + "\\X0D")),
        ("an endless escape", one(VALUE, "\\X" + "41" * 50_000 + "\\")),
        ("a vertical tab within", one(VALUE, VALUE + "\x0bMSH|^~\\&|")),
        ("a file separator within", one(VALUE, VALUE + "\x1c\rMSH|^~\\&|")),
        ("nested frames", b"\x0b\x0b" + whole.encode() + b"\x1c\x1c\r\r"),
        ("NUL", one(VALUE, VALUE + "\x00")),
        ("overlong UTF-8", whole.encode().replace(DIGITS, DIGITS + b"\xc0\xaf", 1)),
        ("half a character", whole.encode().replace(DIGITS, DIGITS + b"\xe9\x92", 1)),
        ("GB18030 said to be UTF-8", whole.encode("gb18030")),
        ("UTF-16", whole.encode("utf-16")),
        ("a field of a megabyte", one(VALUE, "9" * 1_000_000)),
        ("a hundred thousand repetitions", one("|F|", "|" + "~".join(["F"] * 100_000) + "|")),
        ("a hundred thousand components", one("|F|", "|" + "^" * 100_000 + "|")),
        ("ten thousand segments", (whole + "\rNTE|1|L|x" * 10_000).encode()),
        ("line ends alone", b"\r\n" * 1_000),
        ("a template", one("^钾^", "^{{7*7}}${7*7}%n{0.__class__}^")),
        ("markup", one("^钾^", f"^<script>{ECHO}</script>^")),
    ]


async def test_every_spoilt_message_is_settled_and_nothing_is_made_of_it(
    doors: Doors, capfd: pytest.CaptureFixture[str]
) -> None:
    sound = await doors.send(doors.message().encode())
    assert sound.json()["state"] == "stored", sound.text
    results = await doors.count("observation")
    for name, content in spoilt(doors):
        patients, known = await doors.count("patient"), await doors.count("observation")
        answer = await doors.send(content)
        told = (name, answer.status_code, answer.text[:300])
        assert answer.status_code in {202, 400, 413, 422}, told
        assert ECHO not in answer.text, told
        if answer.status_code == 202:
            states = [one["state"] for one in answer.json().get("messages", [answer.json()])]
            assert set(states) <= SETTLED, told
        # A message brings no more results than one that is sound, and no second patient.
        assert await doors.count("observation") - known <= results, told
        assert await doors.count("patient") - patients <= 1, told
        again = await doors.send(doors.message().encode())
        assert again.json()["state"] == "stored", (name, again.text)
    assert await doors.count("observation", "local_code = '99'") == 0
    written = "".join(capfd.readouterr())
    assert ECHO not in written
    assert "request-failed" not in written
