"""The tables both languages get: fields of each kind, and the constants."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from generator.schemas import HERE, Schema, read


def fields_of(schemas: dict[str, Schema]) -> dict[str, dict[str, Any]]:
    """By kind, the fields an operation may name: `title`, `sections/<heading>`. A set's elements are a field each."""
    keys = {"uuid": "<uuid>", "system": "<system>", "system:use": "<system>:<use>", "heading": "<heading>"}
    out: dict[str, dict[str, Any]] = {}
    for path, schema in schemas.items():
        if not path.startswith("records/"):
            continue
        fields: dict[str, Any] = {}
        for name, part in schema["properties"].items():
            rule = {"class": part["x-class"], "actions": part["x-actions"], "property": name}
            if "x-set" in part:
                fields[f"{name}/{keys[part['x-set']]}"] = rule | {"removable": True, "key": part["x-set"]}
            else:
                empty = part.get("default") in ([], {})  # removing leaves the empty value
                fields[name] = rule | {"removable": empty or name not in schema["required"]}
        out[schema["title"].lower()] = fields
    return out


def constants(schemas: dict[str, Schema], write: Callable[[Any], str]) -> dict[str, str]:
    version = read(HERE / "version.json")
    permissions = read(HERE / "permissions.json")
    fields = fields_of(schemas)
    defaults = {
        schema["title"].lower(): {k: p["default"] for k, p in schema["properties"].items() if "default" in p}
        for path, schema in schemas.items()
        if path.startswith("records/")
    }
    return {
        "PROTOCOL_VERSION": write(version["protocol"]),
        "PROTOCOL_FLOOR": write(version["protocol_floor"]),
        "SCHEMA_VERSION": write(version["schema"]),
        "SCHEMA_HASH": write(version["hash"]),
        "KINDS": write(list(fields)),
        "ROLES": write(list(permissions["roles"])),
        "LIMITS": rows(read(HERE / "limits.json"), write, "    "),
        "FIELDS": rows(fields, lambda table: rows(table, write, "        ").replace("\n}", "\n    }"), "    "),
        "DEFAULTS": rows(defaults, write, "    "),
        "PERMISSIONS": rows(permissions["roles"], write, "    "),
        "RECEIVES": rows(permissions["receives"], write, "    "),
        "CONDITIONS": rows(permissions["conditions"], write, "    "),
        "ERRORS": rows(read(HERE / "errors.json"), write, "    "),
    }


def conditions() -> list[str]:
    return list(read(HERE / "permissions.json")["conditions"])


def error_codes() -> list[str]:
    return list(read(HERE / "errors.json"))


def rows(table: dict[str, Any], write: Callable[[Any], str], indent: str) -> str:
    """A table with one entry a line."""
    return "{\n" + "".join(f"{indent}{json.dumps(key)}: {write(value)},\n" for key, value in table.items()) + "}"
