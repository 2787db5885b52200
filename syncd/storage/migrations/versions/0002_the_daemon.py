"""What the daemon keeps: the inbox of webhooks, pauses, freshness, and who asks for a channel

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DIRTY = sa.text("generation <> settled_generation")


def upgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_kind_channel_subject")
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("over", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("told", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    columns = "id, kind, channel, subject, text, hint, opened_at, closed_at"
    # What ended before is no news for the service's log.
    told = "CASE WHEN closed_at IS NULL THEN '' ELSE 'closed' END"
    op.execute(sa.text(f"INSERT INTO incidents ({columns}, told) SELECT {columns}, {told} FROM notices"))  # noqa: S608  # our own names
    op.drop_table("notices")
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_incidents_kind_channel_subject"), ["kind", "channel", "subject"], unique=False
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            sa.text(
                "SELECT setval(pg_get_serial_sequence('incidents', 'id'), coalesce(max(id), 0) + 1, false)"
                " FROM incidents"
            )
        )
    op.create_table(
        "inbox",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("listing_id", sa.Text(), nullable=True),
        sa.Column("shown", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("channel", "delivery_id", name=op.f("pk_inbox")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_channel_handled_at"), ["channel", "handled_at"], unique=False)
    op.add_column("channels", sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("hooked_to", sa.Text(), nullable=True))
    op.add_column("leases", sa.Column("wanted_by", sa.Text(), nullable=True))
    op.add_column("leases", sa.Column("wanted_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("listings", sa.Column("waits_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("listings", sa.Column("sale_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_listings_dirty", "listings", ["channel"], sqlite_where=DIRTY, postgresql_where=DIRTY)
    op.create_index("ix_orders_channel_created_at", "orders", ["channel", "created_at"])
