"""Quarantined work is looked through when the file of a quarantined operation is uploaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "sync_0004"
down_revision = "sync_0003"


def upgrade() -> None:
    op.create_index(
        "ix_entry_quarantine", "entry", ["organisation_id"], unique=False, postgresql_where=sa.text("kind = 'quarantine'")
    )


def downgrade() -> None:
    op.drop_index("ix_entry_quarantine", "entry")
