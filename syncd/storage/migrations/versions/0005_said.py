"""Incidents and holds that can be told in the owner's language

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("said", sa.JSON(), nullable=True))
    op.add_column("incidents", sa.Column("hint_said", sa.JSON(), nullable=True))
    op.add_column("holds", sa.Column("said", sa.JSON(), nullable=True))
