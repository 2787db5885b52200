from __future__ import annotations

from tests.databases import (
    database,
    empty_database,
    postgres,
    postgres_server,
    sqlite,
    sqlite_template,
)

__all__ = ["database", "empty_database", "postgres", "postgres_server", "sqlite", "sqlite_template"]
