"""A program for boards counts only if the release key's owner wrote every byte of it."""

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model import signing
from venue_model.bundles import MANIFEST, SIGNATURE, BundleError, Manifest, pack, unpack

KEY, OTHER = bytes(range(32)), bytes(32)
PUBLIC = signing.public_key_of(KEY)
FILES = {"bidhall.py": b"print(1)\n", "edge/__init__.py": b""}


def tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as out:
        for member, data in members:
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return gzip.compress(plain.getvalue())


def signed(manifest: Manifest, key: bytes = KEY) -> list[tuple[tarfile.TarInfo, bytes]]:
    signature = signing.sign(key, manifest.encoded()).hex().encode()
    return [(tarfile.TarInfo(MANIFEST), manifest.encoded()), (tarfile.TarInfo(SIGNATURE), signature)]


def test_what_was_packed_comes_out_with_its_version_and_number() -> None:
    found = unpack(pack("2.0", 7, FILES, KEY), PUBLIC)
    assert (found.files, found.manifest.version, found.manifest.number) == (FILES, "2.0", 7)


def test_the_same_files_make_the_same_bytes() -> None:
    assert pack("2.0", 7, FILES, KEY) == pack("2.0", 7, dict(reversed(FILES.items())), KEY)


def test_another_key_signs_for_nobody() -> None:
    with pytest.raises(BundleError, match="not by the release key"):
        unpack(pack("2.0", 7, FILES, OTHER), PUBLIC)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\\b", "./x", ""])
def test_a_path_that_leads_out_of_the_slot_is_refused(path: str) -> None:
    with pytest.raises(BundleError, match=r"leads out|there twice"):
        unpack(tar([*signed(Manifest("1", 1, {path: "00" * 32})), (tarfile.TarInfo(path), b"x")]), PUBLIC)


def test_a_link_in_a_bundle_is_refused() -> None:
    link = tarfile.TarInfo("edge/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    with pytest.raises(BundleError, match="a link"):
        unpack(tar([*signed(Manifest("1", 1, {})), (link, b"")]), PUBLIC)


def test_a_file_that_the_manifest_does_not_name_is_refused_and_so_is_one_that_is_missing() -> None:
    with pytest.raises(BundleError, match="not in both"):
        unpack(tar([*signed(Manifest("1", 1, {})), (tarfile.TarInfo("x.py"), b"x")]), PUBLIC)
    with pytest.raises(BundleError, match="not in both"):
        unpack(tar(signed(Manifest("1", 1, {"x.py": "00" * 32}))), PUBLIC)


def test_a_bundle_that_unpacks_to_more_than_a_board_has_room_for_is_refused_early() -> None:
    with pytest.raises(BundleError, match="inside"):
        unpack(tar([*signed(Manifest("1", 1, {})), (tarfile.TarInfo("x"), bytes(33 << 20))]), PUBLIC)


@given(st.data())
def test_a_bundle_that_was_changed_anywhere_is_refused_in_words(data: st.DataObject) -> None:
    whole = bytearray(gzip.decompress(pack("2.0", 7, FILES, KEY)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        found = unpack(gzip.compress(bytes(whole)), PUBLIC)
    except BundleError:
        return
    assert (found.files, found.manifest.number) == (FILES, 7)  # padding of the tar, and times of its members, say nothing


@given(st.binary(max_size=200))
def test_bytes_that_are_no_bundle_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(BundleError):
        unpack(data, PUBLIC)
