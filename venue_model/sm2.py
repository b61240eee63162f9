"""SM2 signatures (GB/T 32918.2) with SM3, in plain integers, so that a package can be checked where no SM2 library is.

The nonce comes in from the caller, who takes it from the system's random source: this module has none.  It is not
constant-time: sign only where nobody else can measure (the venue's own server, a few times a day).
"""

from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from venue_model import der

# Recommended curve parameters of GB/T 32918.5.
P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A = P - 3
B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
SIGNER_ID = b"1234567812345678"  # default user identity of GM/T 0009

SM2_OID = "1.2.156.10197.1.301"
EC_KEY_OID = "1.2.840.10045.2.1"


class Point(NamedTuple):
    x: int
    y: int


G = Point(
    0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7,
    0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0,
)


def public_point(secret: int) -> Point:
    if not 1 <= secret <= N - 2:
        raise ValueError("an SM2 secret lies between 1 and n - 2")
    point = _times(secret, G)
    assert point is not None, "a multiple of G below its order is never the point at infinity"
    return point


def sign(message: bytes, secret: int, nonce: int, signer_id: bytes = SIGNER_ID) -> bytes | None:
    """DER (r, s), or None for the one nonce in 2^255 that gives no signature: call again with another."""
    if not 1 <= nonce <= N - 1:
        raise ValueError("an SM2 nonce lies between 1 and n - 1")
    digest = _digest(message, public_point(secret), signer_id)
    point = _times(nonce, G)
    assert point is not None, "a multiple of G below its order is never the point at infinity"
    r = (digest + point.x) % N
    s = pow(1 + secret, -1, N) * (nonce - r * secret) % N
    if r == 0 or r + nonce == N or s == 0:
        return None
    return der.sequence(der.integer(r), der.integer(s))


def verify(message: bytes, signature: bytes, public: Point, signer_id: bytes = SIGNER_ID) -> bool:
    """True when `signature`, DER (r, s) in its one encoding, was made over `message` by the owner of `public`."""
    try:
        body = der.only(signature, der.SEQUENCE)
        r, s = (der.read_integer(item) for item in der.children(body))
    except ValueError:
        return False
    if der.sequence(der.integer(r), der.integer(s)) != signature or not (1 <= r < N and 1 <= s < N) or (r + s) % N == 0:
        return False
    point = _add(_times(s, G), _times((r + s) % N, public))
    return point is not None and (_digest(message, public, signer_id) + point.x) % N == r


def public_der(public: Point) -> bytes:
    """SubjectPublicKeyInfo, as `openssl pkey -pubin` reads it."""
    algorithm = der.sequence(der.object_id(EC_KEY_OID), der.object_id(SM2_OID))
    return der.sequence(algorithm, der.wrap(der.BIT_STRING, b"\0" + _encoded(public)))


def read_public_der(data: bytes) -> Point:
    """ValueError unless `data` is the one encoding of an SM2 key whose point lies on the curve."""
    encoded = data[-64:]
    point = Point(int.from_bytes(encoded[:32], "big"), int.from_bytes(encoded[32:], "big"))
    if len(encoded) != 64 or public_der(point) != data:
        raise ValueError("not an SM2 public key")
    if not (point.x < P and point.y < P and (point.y**2 - point.x**3 - A * point.x - B) % P == 0):
        raise ValueError("the SM2 public key is not a point of the curve")
    return point


def secret_der(secret: int) -> bytes:
    """PKCS #8, as `openssl pkey` reads it."""
    algorithm = der.sequence(der.object_id(EC_KEY_OID), der.object_id(SM2_OID))
    public = der.wrap(der.context(1), der.wrap(der.BIT_STRING, b"\0" + _encoded(public_point(secret))))
    key = der.sequence(der.integer(1), der.wrap(der.OCTET_STRING, secret.to_bytes(32, "big")), public)
    return der.sequence(der.integer(0), algorithm, der.wrap(der.OCTET_STRING, key))


def read_secret_der(data: bytes) -> int:
    """ValueError unless `data` is what `secret_der` writes."""
    # The 32 secret bytes stand at one place only, so they are read there and the whole is then compared.
    secret = int.from_bytes(data[-102:-70], "big")
    if not 1 <= secret <= N - 2 or secret_der(secret) != data:
        raise ValueError("not an SM2 private key in PKCS #8")
    return secret


def _digest(message: bytes, public: Point, signer_id: bytes) -> int:
    identity = (len(signer_id) * 8).to_bytes(2, "big") + signer_id
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G, *public))
    return int.from_bytes(_sm3(_sm3(identity + curve) + message), "big")


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _encoded(point: Point) -> bytes:
    return b"\x04" + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")


def _add(first: Point | None, second: Point | None) -> Point | None:
    """None is the point at infinity."""
    if first is None or second is None:
        return first if second is None else second
    if first.x == second.x:
        if (first.y + second.y) % P == 0:
            return None
        slope = (3 * first.x * first.x + A) * pow(2 * first.y, -1, P) % P
    else:
        slope = (second.y - first.y) * pow(second.x - first.x, -1, P) % P
    x = (slope * slope - first.x - second.x) % P
    return Point(x, (slope * (first.x - x) - first.y) % P)


def _times(factor: int, point: Point) -> Point | None:
    total: Point | None = None
    doubled: Point | None = point
    while factor:
        if factor & 1:
            total = _add(total, doubled)
        doubled = _add(doubled, doubled)
        factor >>= 1
    return total
