"""Alembic's migrations, run from code by `storage.migrate`."""

HEAD = "0005"
"""The newest revision. Every command compares it with the database's, without loading Alembic."""
