"""Environment and `hie.toml` to one frozen Settings, read once at start.

A setting exists only where two hospitals differ. Every field is `HIE_<NAME>` in the environment
or `<name>` in `hie.toml` (path in HIE_CONFIG, else ./hie.toml); the environment wins. Secrets are
never here: keys lie in files below the data directory, mode 0600.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    """What a deployment may choose; `docs/settings.md` explains each setting."""

    model_config = SettingsConfigDict(env_prefix="HIE_", frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("data"), description="Where the hub keeps its keys and, on SQLite, its data."
    )
    rulebook_dir: Path | None = Field(
        default=None,
        description="A region's own rules, catalogue, policy, texts, laid over the shipped ones.",
    )
    database_url: str | None = Field(
        default=None,
        description="PostgreSQL address (postgresql://user@host/name); unset means SQLite.",
    )
    database_password_file: Path | None = Field(
        default=None, description="File that holds the database password."
    )
    host: str = Field(default="127.0.0.1", description="Address the hub listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the hub listens on.")
    base_url: str | None = Field(
        default=None,
        description="Address callers use, without a trailing slash; default http://localhost:<port>.",
    )
    message_workers: int = Field(
        default=1, ge=0, le=64, description="Message workers that `hie serve` starts beside it."
    )
    intake_limit: int = Field(
        default=16 * 1024 * 1024, ge=1024, description="Largest message a door takes, in bytes."
    )
    body_limit: int = Field(
        default=10 * 1024 * 1024, ge=1024, description="Largest FHIR or JSON body, in bytes."
    )
    dicom_host: str = Field(default="127.0.0.1", description="Address the DICOM door listens on.")
    dicom_port: int = Field(
        default=11112, ge=0, le=65535, description="Port of the DICOM door; 0 takes any free one."
    )
    dicom_aet: str = Field(
        default="HIE",
        min_length=1,
        max_length=16,
        pattern=r"^[!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])?$",
        description="Application entity title this hub is called by.",
    )
    dicom_associations: int = Field(
        default=20, ge=1, le=500, description="DICOM associations open at once."
    )
    dicom_tls_cert: Path | None = Field(
        default=None, description="Certificate of the DICOM door (PEM); needed off loopback."
    )
    dicom_tls_key: Path | None = Field(
        default=None, description="File with the private key of that certificate."
    )
    dicom_tls_ca: Path | None = Field(
        default=None, description="CA whose certificates callers must show (mutual TLS)."
    )
    instance_limit: int = Field(
        default=2**31 - 1,
        ge=1024,
        le=2**40,
        description="Largest DICOM file or archive a door takes, in bytes.",
    )
    pixel_workers: int = Field(
        default=2, ge=0, le=32, description="Processes that decode pixels; 0: none are decoded."
    )
    images_target_seconds: float = Field(
        default=2.0,
        gt=0,
        description="Images that load slower than this are noticed (R-611), in seconds.",
    )
    rate_limits: bool = Field(
        default=True,
        description="Rates per client and user; may be off only on a loopback address.",
    )
    dual_control: bool = Field(
        default=False,
        description="What lets clients do more waits for a second operator to approve it.",
    )
    gateway_secret_file: Path | None = Field(
        default=None,
        description="File with the secret of the gateway that says which certificate it saw.",
    )
    outbound_networks: list[str] = Field(
        default=[],
        description="Partners' networks beside the internet that keys are fetched from.",
    )
    outbound_ca_file: Path | None = Field(
        default=None, description="Authorities of those partners beside the usual ones (PEM)."
    )
    frame_origins: list[str] = Field(
        default=[],
        description="Origins of a HIS (https) that may show a launched patient's pages in a frame.",
    )
    ohif_dir: Path | None = Field(
        default=None,
        description="Folder of the unpacked npm package @ohif/app, offered as the full viewer.",
    )
    metrics_token_file: Path | None = Field(
        default=None, description="File with the token for /metrics off loopback."
    )
    mllp_host: str = Field(
        default="127.0.0.1", description="Address MLLP listens on once a site may send by it."
    )
    mllp_port: int = Field(
        default=2575, ge=0, le=65535, description="Port MLLP listens on; 0 takes any free one."
    )
    mllp_tls_cert_file: Path | None = Field(
        default=None, description="Certificate of the MLLP listener (PEM, with its chain)."
    )
    mllp_tls_key_file: Path | None = Field(
        default=None, description="Private key of that certificate (PEM, not encrypted)."
    )
    mllp_tls_ca_file: Path | None = Field(
        default=None, description="Authorities whose client certificates MLLP takes (PEM)."
    )
    mllp_connections: int = Field(
        default=256, ge=1, le=10_000, description="MLLP connections open at once."
    )
    mllp_idle_seconds: float = Field(
        default=300, gt=0, description="Seconds without a frame after which MLLP hangs up."
    )
    consent_policy: Literal["basic-normal", "all-normal", "break-glass-only", "deny"] = Field(
        default="basic-normal",
        description="What holds for a patient without a Consent (IHE PCF, Implicit).",
    )
    consent_level: Literal["implicit", "basic", "intermediate", "advanced"] = Field(
        default="advanced", description="How much of a Consent is evaluated (options of IHE PCF)."
    )
    consent_emergency_presumed: bool = Field(
        default=True,
        description="Whether a denial leaves emergency access open unless it names it (BTG).",
    )
    cipher_suite: Literal["aes", "sm"] = Field(
        default="aes", description="Ciphers for data at rest: aes (AES-GCM) or sm (SM4-GCM, SM3)."
    )
    key_provider: Literal["file", "pkcs11"] = Field(
        default="file", description="Where the keys lie that wrap the data keys."
    )
    pkcs11_module: Path | None = Field(
        default=None, description="Library of the PKCS#11 module, from its vendor."
    )
    pkcs11_token: str = Field(default="hie", description="Label of the token in that module.")
    pkcs11_pin_file: Path | None = Field(
        default=None, description="File that holds the token's PIN, mode 0600."
    )
    language: Literal["zh", "en"] = Field(
        default="zh", description="Language of pages and commands when nothing else decides."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is logged; personal data never is."
    )
    synthetic: bool = Field(
        default=False, description="Pages say that all data are synthetic (the demo sets it)."
    )

    @field_validator("database_url")
    @classmethod
    def _no_password_in_url(cls, value: str | None) -> str | None:
        if value is None or value == "":
            return None
        if not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("expected postgresql://user@host/name, or unset for SQLite")
        if ":" in value.split("://", 1)[1].split("@", 1)[0] and "@" in value:
            raise ValueError("no password in the address: use HIE_DATABASE_PASSWORD_FILE")
        return value

    @field_validator("base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else None

    @property
    def address(self) -> str:
        """The address callers use, without a trailing slash."""
        return self.base_url or f"http://localhost:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the hub."""
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then hie.toml; no .env file."""
        path = Path(os.environ.get("HIE_CONFIG", "hie.toml"))
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        if path.exists():
            sources += (TomlConfigSettingsSource(settings_cls, path),)
        return sources
