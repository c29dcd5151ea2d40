"""The built wheel carries its data: installed away from the checkout, every folder opens."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from hie.exchange.quick_start import files_hash
from hie.recognition.engine_version import engine_version
from hie.recognition.sources import shipped_files

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.name for path in (ROOT / "schemas").iterdir() if path.is_dir())

LOOK = """
import json, sys
from importlib.metadata import entry_points
import hie, hie.schemas
from hie.exchange.quick_start import files_hash
from hie.recognition.engine_version import engine_version
from hie.recognition.sources import shipped_files
print(json.dumps({
    "home": hie.__file__,
    "adapters": {e.name: type(e.load()).__name__ for e in entry_points(group="hie.adapters")},
    "sizes": {f: max((len(p.read_bytes()) for p in hie.schemas.schema(f).rglob("*") if p.is_file()),
                     default=0) for f in sys.argv[1:]},
    "engine": engine_version(),
    "books": files_hash(shipped_files()),
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What an environment that holds only the wheel (and its dependencies) finds in it."""
    place = tmp_path_factory.mktemp("wheel")
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(place)!r}))"
    subprocess.run(  # noqa: S603 - our own build
        [sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = place.glob("*.whl")
    venv.create(place / "env", with_pip=False)
    python = place / "env" / "bin" / "python"
    site = next((place / "env" / "lib").glob("python*")) / "site-packages"
    install = ["-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    quiet = ["--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run(  # noqa: S603 - our own wheel
        [sys.executable, *install, *quiet], check=True, capture_output=True
    )
    # The dependencies of this environment, behind the wheel: path entries only, no editable hie.
    dependencies = sysconfig.get_paths()["purelib"]
    (site / "dependencies.pth").write_text(
        f"import sys; sys.path.append({dependencies!r})\n", encoding="utf-8"
    )
    found = subprocess.run(  # noqa: S603 - our own wheel
        [str(python), "-I", "-c", LOOK, *FOLDERS], cwd=place, capture_output=True, check=False
    )
    assert found.returncode == 0, found.stderr.decode()
    answer: dict[str, object] = json.loads(found.stdout)
    answer["place"] = str(place)
    return answer


def test_an_installed_wheel_opens_a_file_of_every_data_folder(installed: dict[str, object]) -> None:
    assert str(installed["home"]).startswith(str(installed["place"]))
    sizes = installed["sizes"]
    assert isinstance(sizes, dict)
    assert sorted(sizes) == FOLDERS
    assert [folder for folder, size in sizes.items() if size == 0] == []


def test_an_installed_wheel_offers_its_adapters(installed: dict[str, object]) -> None:
    adapters = installed["adapters"]
    assert isinstance(adapters, dict)
    assert "hl7v2" in adapters


def test_an_installed_wheel_answers_like_the_checkout_and_says_so(
    installed: dict[str, object],
) -> None:
    """The same engine, and the same data in force: what one explains, the other explains too."""
    assert installed["engine"] == engine_version()
    assert installed["books"] == files_hash(shipped_files())
