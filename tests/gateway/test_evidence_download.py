"""A package comes out as one ZIP stream, unchanged, without being held in memory."""

import io
import zipfile
from pathlib import Path

from evidence_case import dossier, seal, segment

from gateway.evidence.download import CHUNK_BYTES, zip_stream
from venue_model.tools.verify_package import verify


def test_what_is_unpacked_still_holds(tmp_path: Path) -> None:
    sealed = seal(tmp_path, dossier(tmp_path))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(sealed.path))))
    assert archive.testzip() is None
    assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    archive.extractall(tmp_path / "elsewhere")
    assert verify(tmp_path / "elsewhere" / sealed.path.name) == []


def test_the_stream_begins_at_once_and_stays_small(tmp_path: Path) -> None:
    big = segment(tmp_path, "cam-1", 1, 0, 20, size=5 * CHUNK_BYTES)
    sealed = seal(tmp_path, dossier(tmp_path, [big, segment(tmp_path, "cam-2", 1, 0, 20)]))
    stream = zip_stream(sealed.path)
    assert sealed.path.name.encode() in next(stream)
    assert max(map(len, stream)) <= CHUNK_BYTES


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/passwd").symlink_to("/etc/passwd")
    assert zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(tmp_path / "package")))).namelist() == []
