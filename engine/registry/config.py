"""Where versions and the audit log are kept."""

from pydantic import Field, field_validator

from engine.records.config import Section
from engine.secrecy import check_url


class RegistryConfig(Section):
    """Versions, and the log of who served when and why. Runs share one."""

    folder: str = Field(
        default="registry",
        description="The folder with the log (a SQLite file) and the saved models, relative to run.folder.",
    )
    database: str | None = Field(
        default=None,
        description="A database for the log instead of the file: postgresql+psycopg://host/name, with "
        "riverkeeper[postgres]. The password comes from PGPASSWORD or .pgpass, not from here.",
    )
    models: str | None = Field(
        default=None,
        description="A place for saved models instead of the folder: any URL that fsspec knows, such as "
        "s3://bucket/models with s3fs installed.",
    )
    keep: int = Field(
        default=50,
        ge=1,
        description="Versions of windows that passed whose models each run and key keeps, spaced further "
        "apart the older they are. What served, took over or could, and what was asked for, is kept besides.",
    )
    start: str | None = Field(
        default=None,
        description="A version to begin from instead of an untrained model: its name, run/name or "
        "run/key/name.",
    )

    @field_validator("database")
    @classmethod
    def _database(cls, value: str | None) -> str | None:
        check_url(value or "", "database", "nothing, and set PGPASSWORD or have a .pgpass")
        return value

    @field_validator("models")
    @classmethod
    def _models(cls, value: str | None) -> str | None:
        check_url(value or "", "models", "nothing, and put it where the storage's driver looks for it")
        return value
