"""What somebody once lost is asked scope by scope for each batch: not by walking everything they were ever given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "sync_0005"
down_revision = "sync_0004"


def upgrade() -> None:
    op.create_index(
        "ix_membership_event_revoked", "membership_event", ["organisation_id", "user_id", "scope"], unique=False,
        postgresql_where=sa.text("event = 'revoke'"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_membership_event_revoked", "membership_event")
