"""The owner may list the organisations: who verifies every chain must know which there are."""

from __future__ import annotations

from alembic import op

revision = "sync_0003"
down_revision = "sync_0002"


def upgrade() -> None:
    op.execute("CREATE POLICY listed ON organisation FOR SELECT TO CURRENT_USER USING (true)")


def downgrade() -> None:
    op.execute("DROP POLICY listed ON organisation")
