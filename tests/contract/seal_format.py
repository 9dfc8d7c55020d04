"""The seal format of docs/vault-format.md, written a second time with another library, to hold the vault's vectors against."""

from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION, AES_256_GCM = 1, 1
HEADER, NONCE, TAG = 6, 12, 16
SMALLEST, LARGE = 256, 65536


class Refused(ValueError):
    """The sealed bytes are not what was sealed, or not for this place."""


class Place(NamedTuple):
    """Where sealed bytes belong; all of it is authenticated."""

    organisation: str
    user: str
    device: str
    store: str
    epoch: int
    subject: str
    local_version: int


def items(*values: str | int) -> bytes:
    """Each value after its length (u32, big-endian): text as UTF-8, an integer as u64, big-endian."""
    raw = [value.to_bytes(8, "big") if isinstance(value, int) else value.encode() for value in values]
    return b"".join(len(each).to_bytes(4, "big") + each for each in raw)


def store_key(vault_key: bytes, organisation: str, user: str, device: str, store: str, epoch: int) -> bytes:
    info = items("quill/vault/v1/store-key", organisation, user, device, store, epoch)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(vault_key)


def size_class(length: int) -> int:
    """The padded size of a content of `length` bytes, its four bytes of length included."""
    needed, size = length + 4, SMALLEST
    while size < needed and size < LARGE:
        size *= 2
    return size if needed <= size else -(-needed // LARGE) * LARGE


def header(key_id: int) -> bytes:
    return bytes([VERSION, AES_256_GCM]) + key_id.to_bytes(4, "big")


def associated_data(head: bytes, place: Place) -> bytes:
    return head + items("quill/vault/v1/seal", *place)


def seal(key: bytes, key_id: int, nonce: bytes, place: Place, content: bytes) -> bytes:
    padded = (len(content).to_bytes(4, "big") + content).ljust(size_class(len(content)), b"\0")
    head = header(key_id)
    return head + nonce + AESGCM(key).encrypt(nonce, padded, associated_data(head, place))


def unseal(keys: dict[int, bytes], place: Place, sealed: bytes) -> bytes:
    if len(sealed) < HEADER + NONCE + SMALLEST + TAG:
        raise Refused("cut")
    if sealed[0] != VERSION or sealed[1] != AES_256_GCM:
        raise Refused("unknown version")
    head, nonce, body = sealed[:HEADER], sealed[HEADER : HEADER + NONCE], sealed[HEADER + NONCE :]
    key = keys.get(int.from_bytes(head[2:], "big"))
    if key is None:
        raise Refused("unknown key")
    try:
        padded = AESGCM(key).decrypt(nonce, body, associated_data(head, place))
    except InvalidTag:
        raise Refused("not authentic") from None
    length = int.from_bytes(padded[:4], "big")
    if size_class(length) != len(padded) or any(padded[4 + length :]):
        raise Refused("bad padding")
    return padded[4 : 4 + length]
