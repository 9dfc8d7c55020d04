"""The byte layout of docs/vault-format.md, by another library than the vault's."""

import hashlib
from typing import Any

import pytest

from .seal_format import Place, Refused, associated_data, header, items, seal, size_class, store_key, unseal
from .vectors import named, vectors

VECTORS = vectors("seal-format")


@pytest.mark.parametrize("case", **named(VECTORS["store_keys"]))
def test_one_key_a_store_and_epoch(case: dict[str, Any]) -> None:
    place = [case[name] for name in ("organisation", "user", "device", "store", "epoch")]
    assert items("quill/vault/v1/store-key", *place).hex() == case["info"]
    assert store_key(bytes.fromhex(case["vault_key"]), *place).hex() == case["key"]


@pytest.mark.parametrize("case", **named(VECTORS["seals"]))
def test_seals_and_opens(case: dict[str, Any]) -> None:
    key, key_id, place = bytes.fromhex(case["key"]), case["key_id"], Place(**case["place"])
    content = (case["content"] * case["repeat"]).encode()
    sealed = seal(key, key_id, bytes.fromhex(case["nonce"]), place, content)
    assert associated_data(header(key_id), place).hex() == case["associated_data"]
    assert size_class(len(content)) == case["padded_length"]
    assert (len(sealed), hashlib.sha256(sealed).hexdigest()) == (case["sealed_length"], case["sealed_sha256"])
    assert "sealed" not in case or sealed.hex() == case["sealed"]
    assert unseal({key_id: key}, place, sealed) == content


@pytest.mark.parametrize("case", **named(VECTORS["refused"]["cases"]))
def test_refuses(case: dict[str, Any]) -> None:
    refused = VECTORS["refused"]
    place = Place(**{**refused["place"], **case["place"]})
    with pytest.raises(Refused):
        unseal({refused["key_id"]: bytes.fromhex(refused["key"])}, place, bytes.fromhex(case["sealed"]))


def test_size_classes() -> None:
    for length, padded in VECTORS["size_classes"]:
        assert size_class(length) == padded
