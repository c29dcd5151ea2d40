"""python -m tests.fuzz [options of `schemathesis run`]: the published API, as long as one likes.

A hub on SQLite is filled with the example and served; `schemathesis run` asks it by its own
document, in all phases and with all checks that hold here: by default 50 cases an operation, about
ten minutes. `--max-time 3600` asks for an hour, `--include-path …` for one address.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from hie.store.migrate import migrate
from tests.fuzz.serving import serving

# Not checked: that generated resources are taken (they break R4), that what JSON Schema calls wrong
# is refused (a search takes any text), and deletion by another client's id.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method,"
    "allow_header_conformance,ignored_auth,use_after_free"
)


def main() -> int:
    """Serve, ask, and say what `schemathesis run` says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        migrate(None, folder)
        with serving(folder) as served:
            command = [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/openapi.json"),
                *("-H", f"Authorization: {served.writer['Authorization']}"),
                *("--checks", CHECKS, "--max-examples", "50", "--seed", "5", "--no-color"),
                *("--continue-on-failure", "--warnings", "off", *sys.argv[1:]),
            ]
            return subprocess.run(command, check=False).returncode  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
