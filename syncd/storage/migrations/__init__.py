"""Alembic's migrations, run from code by `storage.migrate`."""

HEAD = "0006"
"""The newest revision. Every command compares it with the database's, without loading Alembic."""
