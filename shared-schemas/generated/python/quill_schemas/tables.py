# Copied from shared-schemas/runtime/python/tables.py by generate.py; edit it there.
"""The lines of the tables in `constants`."""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from .types import Kind

__all__ = ["ErrorInfo", "FieldClass", "FieldRule", "Receives"]

FieldClass: TypeAlias = Literal["free", "identity", "team_ids", "state", "fixed", "server"]

FieldRule = TypedDict(
    "FieldRule",
    {
        "class": FieldClass,
        #: Which actions may set it.
        "actions": list[Literal["create", "patch"]],
        #: The member of the body it is, or is an element of.
        "property": str,
        #: Whether null may remove it.
        "removable": bool,
        #: For an element of a set: what names it.
        "key": NotRequired[Literal["uuid", "system", "system:use", "heading"]],
    },
)
"""A field of a kind, as operations may name it."""


class Receives(TypedDict):
    """What a role is sent: scopes `member` (of memberships), `all`, or `own` (org and user:<id> only), and which kinds."""

    scopes: Literal["member", "all", "own"]
    kinds: list[Kind]


class ErrorInfo(TypedDict):
    """An error_code: HTTP status as an answer (0: never one), where it occurs, words for a person, cause and remedy."""

    status: int
    where: list[Literal["request", "verdict", "conflict", "client"]]
    message: str
    cause: str
    remedy: str
