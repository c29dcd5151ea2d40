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
    rate_limits: bool = Field(
        default=True,
        description="Rates per client and user; may be off only on a loopback address.",
    )
    metrics_token_file: Path | None = Field(
        default=None, description="File with the token for /metrics off loopback."
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
