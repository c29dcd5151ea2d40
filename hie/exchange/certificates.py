"""When the first of the certificates ends that the doors for messages and images show."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificate

from hie.settings import Settings


def expires_us(settings: Settings) -> int | None:
    """The earliest end, in microseconds; None where no door has a certificate of its own."""
    files = (settings.mllp_tls_cert_file, settings.dicom_tls_cert)
    ends = [end for file in files if file is not None and (end := _end(file)) is not None]
    return min(ends, default=None)


def _end(file: Path) -> int | None:
    """None: it cannot be read any more; the door that was opened with it goes on."""
    try:
        found = load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None
    end: datetime = found.not_valid_after_utc
    return int(end.astimezone(UTC).timestamp()) * 1_000_000
