"""What each kind of record is to the rest of the server; pure."""

from quill.domain.scopes import scope_of

__all__ = ["scope_of"]
