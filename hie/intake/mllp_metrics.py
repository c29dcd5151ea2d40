"""What the MLLP door counts, for /metrics."""

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("hie_mllp_connections", "MLLP connections that are open.")
FRAMES = Counter("hie_mllp_frames", "MLLP frames received, by kind.", ["kind"])
ACKNOWLEDGED = Counter(
    "hie_mllp_acknowledgements", "MLLP acknowledgements sent, by code of HL7 table 0008.", ["code"]
)
REFUSED = Counter("hie_mllp_refused", "MLLP messages and connections refused.", ["reason"])
NOISE = Counter("hie_mllp_noise_bytes", "Bytes between MLLP frames that belong to none.")
CLOSED = Counter("hie_mllp_closed", "MLLP connections ended by the hub or cut off.", ["reason"])
