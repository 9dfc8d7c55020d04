"""The built PWA under ``/app/`` and the public page at ``/``, with the headers that keep everything else out.

What there is, is listed once at start: a request can only name what is in the list, so no path leads anywhere else.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quill.errors import ApiError

REPORTS = "/api/csp-reports"
STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
FEATURES = """
accelerometer autoplay bluetooth browsing-topics display-capture encrypted-media geolocation gyroscope hid idle-detection
local-fonts magnetometer microphone midi otp-credentials payment serial usb window-management xr-spatial-tracking
"""
PERMISSIONS = ", ".join(f"{feature}=()" for feature in FEATURES.split())
FOR_EVER = "public, max-age=31536000, immutable"  # named by their content
ASK = "no-cache"  # kept, and asked about each time
ENCODINGS = (("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz"))
REPORTED = ("document-uri", "effective-directive", "blocked-uri", "documentURL", "effectiveDirective", "blockedURL")
LARGEST_REPORT = 64 << 10  # bytes


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    media_type: str
    etag: str
    packed: tuple[tuple[str, bytes], ...]  # (content-encoding, body), the best first


@dataclass(slots=True)
class Reports:
    """What browsers say was stopped by the policy. Only addresses and directives are kept, the last few, cut short."""

    count: int = 0
    last: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=20))


class Site:
    """Everything that is not the API."""

    def __init__(self, built: Path | None) -> None:
        self.reports = Reports()
        self.assets = _assets(built) if built else {}
        stated = built / "csp.txt" if built else None
        policy = stated.read_text().strip() if stated and stated.is_file() else STRICT
        self.headers = {
            "content-security-policy": f"{policy}; report-uri {REPORTS}",
            "permissions-policy": PERMISSIONS,
            "cross-origin-embedder-policy": "require-corp",
            "x-frame-options": "DENY",
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route(REPORTS, self.report, methods=["POST"]),
            Route("/", self.public_page, methods=["GET"]),
            Route("/app", self.app, methods=["GET"]),
            Route("/app/{path:path}", self.app, methods=["GET"]),
        ]

    async def public_page(self, request: Request) -> Response:
        """The page anybody may see."""
        return self._answer(request, "public/index.html")

    async def app(self, request: Request) -> Response:
        """A file of the app; for a navigation to anywhere else in it, its page."""
        path = request.path_params.get("path", "")
        if request.url.path == "/app":
            return Response(status_code=308, headers={"location": "/app/"})
        if path in self.assets:
            return self._answer(request, path)
        return self._answer(request, "index.html" if _navigates(request, path) else path)

    async def report(self, request: Request) -> Response:
        """Counts what a browser reports; it is not authorised, so it is believed in nothing and kept short."""
        size, parts = 0, []
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_REPORT:
                raise ApiError("request_too_large")
            parts.append(part)
        self.reports.count += 1
        self.reports.last.append(_said(b"".join(parts)))
        return Response(status_code=204)

    def _answer(self, request: Request, path: str) -> Response:
        asset = self.assets.get(path)
        if asset is None:
            raise ApiError("not_found")
        headers = {
            **self.headers,
            "cache-control": FOR_EVER if path.startswith("assets/") else ASK,
            "etag": asset.etag,
            "vary": "accept-encoding",
        }
        if path == "service-worker.js":
            headers["service-worker-allowed"] = "/app/"
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        body = asset.body
        accepted = {name.partition(";")[0].strip() for name in request.headers.get("accept-encoding", "").split(",")}
        for encoding, packed in asset.packed:
            if encoding in accepted:
                body = packed
                headers["content-encoding"] = encoding
                break
        return Response(body, headers=headers, media_type=asset.media_type)


def _navigates(request: Request, path: str) -> bool:
    """Somebody opens an address, rather than a page asking for a file that isn't there any more."""
    if not path:
        return True
    if path.startswith("assets/") or ".." in path or "." in path.rpartition("/")[2]:
        return False
    mode = request.headers.get("sec-fetch-mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get("accept", "")


def _assets(built: Path) -> dict[str, Asset]:
    files = {file.relative_to(built).as_posix(): file for file in sorted(built.rglob("*")) if file.is_file()}
    packings = tuple(suffix for _, suffix in ENCODINGS)
    made = {}
    for path, file in files.items():
        if path.endswith(packings) or path == "csp.txt" or path.startswith("."):
            continue
        body = file.read_bytes()
        packed = tuple((name, files[path + suffix].read_bytes()) for name, suffix in ENCODINGS if path + suffix in files)
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        made[path] = Asset(body, _media_type(path), etag, packed)
    return made


def _media_type(path: str) -> str:
    known = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".wasm": "application/wasm"}
    suffix = Path(path).suffix
    media_type = known.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def _said(body: bytes) -> dict[str, str]:
    try:
        told: Any = orjson.loads(body)
        told = told[0] if isinstance(told, list) else told
        inner = told.get("csp-report") or told.get("body") or {}
        names = (
            "document-uri",
            "documentURL",
            "violated-directive",
            "effective-directive",
            "effectiveDirective",
            "blocked-uri",
        )
        return {name: str(inner[name])[:200] for name in (*names, "blockedURL") if name in inner}
    except (ValueError, AttributeError, IndexError, TypeError):
        return {}
