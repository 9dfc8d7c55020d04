"""The hashes of the digest and of a signature."""

from quill_schemas import body_hash, bucket_hash, bucket_of, record_hash, scope_hash, sections_hash

from .vectors import vectors

VECTORS = vectors("digests")


def test_records_and_bodies() -> None:
    for record in VECTORS["records"]:
        body = body_hash(record["body"])
        assert body.hex() == record["body_sha256"]
        assert record_hash(record["kind"], record["id"], record["version"], body).hex() == record["record_sha256"]


def test_scopes_whatever_the_order_of_their_records() -> None:
    for scope, expected in VECTORS["scopes"].items():
        hashes = [bytes.fromhex(each["record_sha256"]) for each in VECTORS["records"] if each["scope"] == scope]
        assert len(hashes) == expected["count"]
        assert scope_hash(hashes).hex() == scope_hash(reversed(hashes)).hex() == expected["sha256"]
        assert bucket_of(scope) == expected["bucket"]


def test_buckets() -> None:
    for bucket in VECTORS["buckets"]:
        hashes = [bytes.fromhex(each) for each in bucket["scope_hashes"]]
        assert bucket_hash(hashes).hex() == bucket_hash(reversed(hashes)).hex() == bucket["sha256"]
        assert all(bucket_of(scope) == bucket["bucket"] for scope in bucket.get("scopes", ()))


def test_what_a_signature_binds() -> None:
    for case in VECTORS["sections"]:
        assert sections_hash(case["sections"]) == case["seen_sha256"]
