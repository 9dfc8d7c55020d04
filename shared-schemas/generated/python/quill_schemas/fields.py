# Copied from shared-schemas/runtime/python/fields.py by generate.py; edit it there.
"""Fields: how an operation names the parts of a body (`title`, `sections/plan`, `telecom/phone:home`)."""

from typing import Any, cast

from .constants import DEFAULTS, FIELDS
from .tables import FieldRule
from .types import Kind

__all__ = ["element_key", "element_name", "field_key", "field_rule", "with_defaults"]

_SETS: dict[Kind, dict[str, FieldRule]] = {
    kind: {rule["property"]: rule for rule in fields.values() if "key" in rule} for kind, fields in FIELDS.items()
}


def field_key(name: str, element: str | None = None) -> str:
    """`sections`, `plan` → `sections/plan`; inside the element `~` is written `~0` and `/` is written `~1`."""
    return name if element is None else f"{name}/{element.replace('~', '~0').replace('/', '~1')}"


def element_key(key: str) -> tuple[str, str | None]:
    """The property a key names and the element within it, unescaped; None for a plain field."""
    name, slash, element = key.partition("/")
    return name, element.replace("~1", "/").replace("~0", "~") if slash else None


def field_rule(kind: Kind, key: str) -> FieldRule | None:
    """The rule of a field key as operations name it, or None: no such field (`bad_field`)."""
    name, element = element_key(key)
    if element is None:
        return FIELDS[kind].get(name)
    return _SETS[kind].get(name) if element != "" and "/" not in key[len(name) + 1 :] else None


def element_name(rule: FieldRule, element: Any) -> str:
    """What an element of a set is called: its system, its system and use, or itself."""
    how = rule.get("key")
    if how == "system":
        return str(element["system"])
    if how == "system:use":
        return f"{element['system']}:{element.get('use', '')}"
    return str(element)


def with_defaults(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """The body of a create with what may be left out: empty arrays, `draft`, not urgent. Nulls are dropped."""
    whole = {name: value for name, value in body.items() if value is not None}
    for name, value in DEFAULTS[kind].items():
        if name not in whole:
            whole[name] = cast(Any, value.copy() if isinstance(value, list | dict) else value)
    return whole
