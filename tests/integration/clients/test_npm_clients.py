"""fhir-kit-client, fhirclient.js and @medplum/core: each has its tests in JavaScript beside this."""

from pathlib import Path

import pytest

from tests.clients.node import needs_packages, ran
from tests.integration.clients.support import Connected

HERE = Path(__file__).parent


@needs_packages
@pytest.mark.parametrize("client", ["fhir_kit_client", "fhirclient_js", "medplum"])
def test_a_client_of_npm_does_what_its_users_do(
    hub: Connected, tmp_path: Path, client: str
) -> None:
    script = (HERE / f"{client}.mjs").read_text("utf-8")
    done = ran(tmp_path, script, more=hub.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
