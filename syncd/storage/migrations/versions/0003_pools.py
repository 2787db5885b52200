"""Deliveries, what suppliers have, the owner's permissions, and what buyers read beside the numbers

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incoming",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sku_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("supplier", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_incoming_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming")),
    )
    op.create_index("ix_incoming_sku_id", "incoming", ["sku_id"])
    op.create_table(
        "supplies",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("sku_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=True),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        sa.Column("pack_size", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["feed"], ["channels.name"], name=op.f("fk_supplies_feed")),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_supplies_sku_id")),
        sa.PrimaryKeyConstraint("feed", "sku_id", name=op.f("pk_supplies")),
    )
    op.create_index("ix_supplies_sku_id", "supplies", ["sku_id"])
    op.create_table(
        "feeds",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.Column("newest_sku", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("held_for", sa.JSON(), nullable=True),
        sa.Column("approved_for", sa.JSON(), nullable=True),
        sa.Column("rejected_for", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["feed"], ["channels.name"], name=op.f("fk_feeds_feed")),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_feeds")),
    )
    op.create_table(
        "permissions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sku_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_permissions_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions")),
    )
    op.create_index("ix_permissions_sku_id", "permissions", ["sku_id"])
    op.create_index("ix_movements_recorded_at", "movements", ["recorded_at"])
    op.add_column("channels", sa.Column("silent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("listings", sa.Column("notice", sa.JSON(), nullable=True))
    op.add_column("listings", sa.Column("notice_retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("listings", sa.Column("can_stop", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("holds", sa.Column("feed", sa.JSON(), nullable=True))
