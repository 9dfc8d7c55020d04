"""``/api/openapi.json`` with every route there is, and ``/api/docs``: a page that needs no script and no other site."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from quill.routes.contract import Contract
from quill.routes.named_schemas import include
from quill_schemas import PROTOCOL_VERSION

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
code,pre{font:14px/1.4 ui-monospace,monospace}summary{cursor:pointer;padding:.3rem 0}pre{overflow:auto;padding:.5rem}
.method{display:inline-block;min-width:4.5rem;font-weight:600}
"""


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the application: FastAPI's routes as it describes them, the plain ones by their contract."""
    made: dict[str, Any] = app.openapi()
    made["info"] |= {"title": "Quill", "version": str(PROTOCOL_VERSION), "description": "The sync protocol of Quill."}
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    paths: dict[str, Any] = made.setdefault("paths", {})
    for route in _plain(app.routes):
        item = paths.setdefault(route.path.replace(":path}", "}"), {})
        for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):
            item[method.lower()] = _operation(route, schemas)
    made["paths"] = dict(sorted(paths.items()))
    return made


def _plain(routes: Iterable[BaseRoute]) -> list[Route | WebSocketRoute]:
    """What FastAPI does not describe itself (its own routes are subclasses)."""
    return [route for route in routes if type(route) in (Route, WebSocketRoute) and isinstance(route, Route | WebSocketRoute)]


def _operation(route: Route | WebSocketRoute, schemas: dict[str, Any]) -> dict[str, Any]:
    endpoint: Any = route.endpoint
    said = (endpoint.__doc__ or route.name).strip()
    known: Contract = getattr(endpoint, "contract", None) or Contract(None, None, ())
    operation: dict[str, Any] = {
        "summary": said.partition("\n")[0],
        "description": said,
        "responses": _responses(known, schemas),
    }
    if isinstance(route, WebSocketRoute):
        operation["responses"] = {"101": {"description": "A WebSocket."}}
    named = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.param_convertors]
    if named or known.query:
        operation["parameters"] = [*named, *known.query]
    if known.request:
        operation["requestBody"] = {"required": True, "content": _json(known.request, schemas)}
    return operation


def _responses(known: Contract, schemas: dict[str, Any]) -> dict[str, Any]:
    fine: dict[str, Any] = {"description": "As asked."}
    if known.response:
        fine["content"] = _json(known.response, schemas)
    return {"200": fine, "default": {"description": "A refusal.", "content": _json("ErrorBody", schemas)}}


def _json(name: str, schemas: dict[str, Any]) -> dict[str, Any]:
    include(name, schemas)
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


class Documents:
    """Both answers, made at the first request."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._made: dict[str, Any] | None = None

    def routes(self) -> list[BaseRoute]:
        return [Route("/api/openapi.json", self.openapi, methods=["GET"]), Route("/api/docs", self.docs, methods=["GET"])]

    async def openapi(self, _request: Request) -> Response:
        """Every route, as OpenAPI 3.1."""
        return Response(orjson.dumps(self._document()), media_type="application/json")

    async def docs(self, _request: Request) -> Response:
        """The same for people."""
        digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return HTMLResponse(_page(self._document()), headers={"content-security-policy": policy})

    def _document(self) -> dict[str, Any]:
        if self._made is None:
            self._made = document(self._app)
        return self._made


def _page(made: dict[str, Any]) -> str:
    routes = "".join(_shown(path, method, one) for path, item in made["paths"].items() for method, one in item.items())
    schemas = "".join(
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code></summary><pre>{_pretty(schema)}</pre></details>"
        for name, schema in sorted(made["components"]["schemas"].items())
    )
    return (
        "<!doctype html><html lang='en-GB'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>Quill: routes</title><style>{STYLE}</style><h1>Quill</h1>"
        f"<p>Every route of this server, from <a href='/api/openapi.json'>openapi.json</a>.</p>{routes}"
        f"<h2>Types</h2>{schemas}</html>"
    )


def _shown(path: str, method: str, one: dict[str, Any]) -> str:
    detail = {name: one[name] for name in ("parameters", "requestBody", "responses") if name in one}
    title = f"<span class='method'>{escape(method.upper())}</span> <code>{escape(path)}</code> {escape(one.get('summary', ''))}"
    return (
        f"<details><summary>{title}</summary><p>{escape(one.get('description', ''))}</p><pre>{_pretty(detail)}</pre></details>"
    )


def _pretty(value: Any) -> str:
    return escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
