"""Fixtures of these tests."""

from tests.databases import database, postgres, postgres_server, sqlite, sqlite_template

__all__ = ["database", "postgres", "postgres_server", "sqlite", "sqlite_template"]
