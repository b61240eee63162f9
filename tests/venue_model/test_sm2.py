"""SM2 agrees with the published example, with OpenSSL and with gmssl, and refuses what they refuse."""

import base64
import random
import subprocess
from pathlib import Path

import pytest
from gmssl.sm2 import CryptSM2

from venue_model import sm2

MESSAGE = "开标记录".encode()


def secret_of(seed: int) -> int:
    return random.Random(seed).randrange(1, sm2.N - 1)


def signed(seed: int = 1) -> tuple[bytes, sm2.Point]:
    signature = sm2.sign(MESSAGE, secret_of(seed), secret_of(seed + 100))
    assert signature is not None
    return signature, sm2.public_point(secret_of(seed))


def pem(label: str, data: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n".encode()


def test_the_example_of_gb_t_32918_5_comes_out() -> None:
    secret = 0x3945208F_7B2144B1_3F36E38A_C6D39F95_88939369_2860B51A_42FB81EF_4DF7C5B8
    nonce = 0x59276E27_D506861A_16680F3A_D9C02DCC_EF3CC1FA_3CDBE4CE_6D54B80D_EAC1BC21
    point = sm2.public_point(secret)
    assert f"{point.x:x}" == "9f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    signature = sm2.sign(b"message digest", secret, nonce)
    assert signature is not None
    assert "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3" in signature.hex()
    assert "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa" in signature.hex()
    assert sm2.verify(b"message digest", signature, point)


def test_another_message_key_or_signature_does_not_verify() -> None:
    signature, public = signed()
    assert sm2.verify(MESSAGE, signature, public)
    assert not sm2.verify(MESSAGE + b" ", signature, public)
    assert not sm2.verify(MESSAGE, signature, sm2.public_point(secret_of(2)))
    for at in range(len(signature)):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not sm2.verify(MESSAGE, changed, public)
    for wrong in (b"", signature[:-1], signature + b"\0"):
        assert not sm2.verify(MESSAGE, wrong, public)


@pytest.mark.parametrize("seed", range(5))
def test_gmssl_and_this_module_accept_each_other(seed: int) -> None:
    signature, public = signed(seed)
    theirs = CryptSM2(f"{secret_of(seed):064x}", f"04{public.x:064x}{public.y:064x}", asn1=True)
    theirs.public_key = f"{public.x:064x}{public.y:064x}"  # it strips leading 0s and 4s of the point as well
    assert theirs.verify_with_sm3(signature.hex(), MESSAGE)
    assert sm2.verify(MESSAGE, bytes.fromhex(theirs.sign_with_sm3(MESSAGE)), public)


def test_openssl_reads_the_keys_and_the_signature_and_signs_for_us(tmp_path: Path) -> None:
    signature, public = signed()
    (tmp_path / "key").write_bytes(pem("PRIVATE KEY", sm2.secret_der(secret_of(1))))
    (tmp_path / "pub").write_bytes(pem("PUBLIC KEY", sm2.public_der(public)))
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "signature").write_bytes(signature)
    common = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", "message"]
    for line in (
        ["-verify", *common, "-pubin", "-inkey", "pub", "-sigfile", "signature"],
        ["-sign", *common, "-inkey", "key", "-out", "theirs"],
    ):
        subprocess.run(["openssl", "pkeyutl", *line], cwd=tmp_path, check=True, capture_output=True)
    assert sm2.verify(MESSAGE, (tmp_path / "theirs").read_bytes(), public)


def test_keys_come_back_from_der_and_foreign_ones_do_not() -> None:
    _, public = signed()
    assert sm2.read_secret_der(sm2.secret_der(secret_of(1))) == secret_of(1)
    assert sm2.read_public_der(sm2.public_der(public)) == public
    off_curve = sm2.public_der(sm2.Point(public.x, (public.y + 1) % sm2.P))
    for wrong in (b"", off_curve, sm2.public_der(public)[:-1]):
        with pytest.raises(ValueError):
            sm2.read_public_der(wrong)
    with pytest.raises(ValueError):
        sm2.read_secret_der(b"\0" * 150)


def test_numbers_out_of_range_are_refused() -> None:
    for secret in (0, sm2.N - 1):
        with pytest.raises(ValueError, match="secret"):
            sm2.public_point(secret)
    with pytest.raises(ValueError, match="nonce"):
        sm2.sign(MESSAGE, secret_of(1), 0)
