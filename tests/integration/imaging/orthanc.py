"""An Orthanc of a test's own, on free ports: started, killed and started again. A peer, not shipped."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.integration.imaging.support import free_port

BINARY = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass
class Orthanc:
    """One archive; its database stays in `folder` while it is down."""

    folder: Path
    hub_port: int = 1  # where it may send to; Orthanc takes no 0
    http: int = field(default_factory=free_port)
    dicom: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def base(self) -> str:
        """Where its REST interface answers."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def dicomweb(self) -> str:
        """The base of its DICOMweb."""
        return f"{self.base}/dicom-web"

    def start(self) -> None:
        """Run it until it answers."""
        self.folder.mkdir(exist_ok=True)
        settings = {
            "Name": "PEER",
            "StorageDirectory": str(self.folder / "db"),
            "IndexDirectory": str(self.folder / "db"),
            "Plugins": [str(DICOMWEB)] if DICOMWEB.exists() else [],
            "HttpPort": self.http,
            "KeepAlive": True,  # else it closes first, and its port stays taken when it is killed
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": "PEER",
            "DicomPort": self.dicom,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowStore": True,
            "UnknownSopClassAccepted": True,
            "DicomModalities": {"HUB": ["HIE", "127.0.0.1", self.hub_port]},
            "OverwriteInstances": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(settings), "utf-8")
        self.process = subprocess.Popen(  # noqa: S603
            [BINARY, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.base}/system", timeout=1).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("Orthanc did not come up")

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)
            self.process = None

    def add(self, content: bytes) -> str:
        """Put an instance in; its id there."""
        answer = httpx.post(f"{self.base}/instances", content=content, timeout=20)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["ID"])

    def remove(self, key: str) -> None:
        """Take an instance out."""
        assert httpx.delete(f"{self.base}/instances/{key}", timeout=20).status_code == 200


@contextmanager
def orthanc(folder: Path, hub_port: int = 1) -> Iterator[Orthanc]:
    """An Orthanc that runs, and may send to the hub's DICOM port."""
    peer = Orthanc(folder, hub_port)
    try:
        peer.start()
        yield peer
    finally:
        peer.kill()
