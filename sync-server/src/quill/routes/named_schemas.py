"""The contract's named types as OpenAPI components: the same schemas, with references that hold inside one document."""

from __future__ import annotations

from importlib.resources import files
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson

_BUNDLE: dict[str, Any] = orjson.loads((files("quill_schemas") / "schemas.json").read_bytes())
_URLS: dict[str, str] = _BUNDLE["types"]
_NAMES = {url: name for name, url in _URLS.items()}


def include(name: str, schemas: dict[str, Any]) -> None:
    """Adds the type and all it refers to."""
    if name in schemas:
        return
    url = _URLS[name]
    schemas[name] = {}  # types refer to each other in circles
    schemas[name] = _inside(_schema(url), url.partition("#")[0], schemas)


def _inside(part: Any, base: str, schemas: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inside(item, base, schemas) for item in part]
    if not isinstance(part, dict):
        return part
    made = {key: _inside(item, base, schemas) for key, item in part.items() if key not in ("$ref", "$defs", "$id", "$schema")}
    if "$ref" in part:
        url = urljoin(base, part["$ref"])
        name = _NAMES.get(url)
        if name is None:
            return _inside(_schema(url), url.partition("#")[0], schemas)
        include(name, schemas)
        made["$ref"] = f"#/components/schemas/{name}"
    return made


def _schema(url: str) -> Any:
    address, pointer = url.partition("#")[0], urlsplit(url).fragment
    found = _BUNDLE["schemas"][address]
    for step in pointer.split("/")[1:]:
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found
