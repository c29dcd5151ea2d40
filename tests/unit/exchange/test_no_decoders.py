"""The process that serves has no decoders in it, and still speaks DICOM."""

import subprocess
import sys

_CODE = """
import sys
import hie.app
assert not {"numpy", "gdcm", "openjpeg", "jpeg_ls", "pydicom", "pynetdicom", "alembic"} & set(sys.modules)
from hie.exchange.no_decoders import no_decoders
with no_decoders():
    import hie.intake.dicom_associations
assert "pynetdicom" in sys.modules
assert not {"numpy", "gdcm", "openjpeg", "jpeg_ls"} & set(sys.modules)
import numpy, pydicom
from pydicom.datadict import tag_for_keyword
print(tag_for_keyword("PatientID"))
"""


def test_what_serves_loads_pydicom_late_and_no_decoder_at_all() -> None:
    told = subprocess.run(  # noqa: S603 - a process of our own, with nothing loaded yet
        [sys.executable, "-W", "error::ImportWarning", "-c", _CODE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == str(0x00100020)
