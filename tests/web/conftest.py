from __future__ import annotations

from tests.databases import database, postgres, postgres_server, sqlite, sqlite_template
from tests.web.door import door

__all__ = ["database", "door", "postgres", "postgres_server", "sqlite", "sqlite_template"]
