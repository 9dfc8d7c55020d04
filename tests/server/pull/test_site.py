"""What is not the API: the app, the public page, their headers; and the list of every route."""

from __future__ import annotations

import pytest

from .members import Server, refused

NAVIGATION = {"sec-fetch-mode": "navigate", "accept": "text/html"}


@pytest.mark.parametrize("path", ["/app/", "/app/patients", "/app/letters/7f/edit"])
async def test_any_navigation_inside_the_app_opens_it(server: Server, path: str) -> None:
    async with server.client(**NAVIGATION) as client:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert "<title>Quill" in answer.text
        policy = answer.headers["content-security-policy"]
        assert policy == "default-src 'none'; script-src 'self'; report-uri /api/csp-reports"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
        assert "microphone=()" in answer.headers["permissions-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/app/assets/gone-123.js",
        "/app/gone.js",
        "/app/csp.txt",
        "/app/assets/../csp.txt",
        "/app/%2e%2e/%2e%2e/etc/passwd",
        "/x",
    ],
)
async def test_what_is_not_there_is_404_and_never_the_page(server: Server, path: str) -> None:
    async with server.client(**NAVIGATION) as client:
        assert refused(await client.get(path)) == (404, "not_found")


async def test_a_script_asked_for_by_a_page_is_never_answered_with_the_page(server: Server) -> None:
    async with server.client(**{"sec-fetch-mode": "no-cors", "accept": "text/html"}) as client:
        assert refused(await client.get("/app/old-chunk")) == (404, "not_found")


async def test_assets_are_packed_kept_for_ever_and_the_worker_is_asked_for(server: Server) -> None:
    async with server.client(**{"accept-encoding": "identity"}) as client:
        asset = await client.get("/app/assets/main-abc123.js")
        assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        same = await client.get("/app/assets/main-abc123.js", headers={"if-none-match": asset.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        worker = await client.get("/app/service-worker.js")
        assert worker.headers["cache-control"] == "no-cache"
        assert worker.headers["service-worker-allowed"] == "/app/"
        async with client.stream("GET", "/app/assets/main-abc123.js", headers={"accept-encoding": "gzip"}) as packed:
            assert packed.headers["content-encoding"] == "gzip"
            assert b"".join([chunk async for chunk in packed.aiter_raw()]) == b"packed"


async def test_the_public_page_and_the_way_to_the_app(server: Server) -> None:
    async with server.client() as client:
        assert "<title>Public" in (await client.get("/")).text
        assert (await client.get("/app")).headers["location"] == "/app/"


async def test_policy_reports_are_counted_and_bounded(server: Server) -> None:
    reports = server.services.site.reports
    before = reports.count
    async with server.client() as client:
        for body in (b'{"csp-report": {"blocked-uri": "inline", "effective-directive": "style-src"}}', b"[1]", b"{", b"\xff"):
            assert (await client.post("/api/csp-reports", content=body)).status_code == 204
        assert refused(await client.post("/api/csp-reports", content=b"x" * 70_000)) == (413, "request_too_large")
        for _ in range(30):
            await client.post("/api/csp-reports", content=b'{"csp-report": {"blocked-uri": "%b"}}' % (b"x" * 9000))
    assert reports.count == before + 34
    assert len(reports.last) == 20
    assert all(len(value) <= 200 for one in reports.last for value in one.values())


async def test_every_route_is_listed(server: Server) -> None:
    async with server.client() as client:
        listed = (await client.get("/api/openapi.json")).json()["paths"]
        for path, method in {
            "/api/sync/hello": "post",
            "/api/sync/changes": "get",
            "/api/sync/push": "post",
            "/api/sync/verdicts": "post",
            "/api/sync/live": "get",
            "/api/sync/live/ticket": "post",
            "/api/auth/login": "post",
            "/api/auth/me": "get",
            "/api/attachments": "post",
            "/api/attachments/{id}/parts/{part}": "put",
            "/api/conflicts": "get",
            "/api/health": "get",
        }.items():
            assert method in listed[path], path
        page = await client.get("/api/docs")
        assert "/api/sync/changes" in page.text
        assert "<script" not in page.text
        assert "http://" not in page.text.replace("http://127.0.0.1", "")
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


async def test_unknown_addresses_and_methods_are_refused_in_the_contracts_shape(server: Server) -> None:
    async with server.client() as client:
        assert refused(await client.get("/api/nothing")) == (404, "not_found")
        assert refused(await client.delete("/api/sync/changes")) == (405, "method_not_allowed")
        assert (await client.get("/api/health")).json() == {"status": "ok"}
