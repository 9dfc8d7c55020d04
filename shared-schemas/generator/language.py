"""How a schema is written as a type; each language says how its literals, lists and maps look."""

from __future__ import annotations

from typing import Any, ClassVar

from generator.schemas import Schema, Types


class Language:
    """How one language writes a schema as a type."""

    scalars: ClassVar[dict[str, str]]

    def __init__(self, types: Types) -> None:
        self.types = types

    def write(self, schema: Schema, path: str) -> str:
        if "$ref" in schema:
            return self.types.name_of(schema["$ref"], path)
        if "const" in schema:
            return self.literal([schema["const"]])
        if "enum" in schema:
            return self.literal(schema["enum"])
        for key in ("oneOf", "anyOf"):
            if key in schema and "properties" not in schema:
                return " | ".join(self.write(part, path) for part in schema[key])
        kind = schema.get("type")
        if isinstance(kind, list):
            return " | ".join(self.scalars[each] for each in kind)
        if kind == "array":
            return self.array(self.write(schema["items"], path))
        if kind == "object":
            more = schema.get("additionalProperties")
            return self.map(self.write(more, path) if isinstance(more, dict) and more else self.scalars["any"])
        return self.scalars[kind or "any"]

    def literal(self, values: list[Any]) -> str:
        raise NotImplementedError

    def array(self, item: str) -> str:
        raise NotImplementedError

    def map(self, value: str) -> str:
        raise NotImplementedError
