"""Alembic's entry: runs the migrations on the connection that `storage.upgrade` hands over."""

from alembic import context

from syncd.storage.schema import metadata

connection = context.config.attributes["connection"]
# SQLite cannot alter most things in place: Alembic copies the table instead ("batch").
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
