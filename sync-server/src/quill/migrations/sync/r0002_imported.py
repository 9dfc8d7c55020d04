"""Resources that came from elsewhere, kept whole beside the records made of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quill.migrations import protect

revision = "sync_0002"
down_revision = "sync_0001"


def upgrade() -> None:
    op.create_table(
        "imported",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("resource", sa.LargeBinary(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name="pk_imported"),
    )
    protect("imported")


def downgrade() -> None:
    op.drop_table("imported")
