"""Takes a package out of the ZIP it travelled in, without trusting who sent it: one new folder, plain files, nothing outside."""

import re
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

CHUNK_BYTES = 1 << 20
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


class UnpackError(ValueError):
    """The ZIP is not one package, or its folder is there already.  Nothing was changed."""


def unpack(archive: Path, out: Path) -> Path:
    """Unpack `archive` into a new folder under `out` and return it.  Raises UnpackError; OSError for a full disk.

    The folder appears under its name only when all of it is there.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            top = _check(zipped)
            target = out / top
            if target.exists() or target.is_symlink():
                raise UnpackError(f"{target}: is there already; move it away, or choose another --out")
            draft = Path(tempfile.mkdtemp(prefix=f".{top}.", dir=out))
            try:
                for entry in zipped.infolist():
                    _write(zipped, entry, draft)
                draft.chmod(0o755)
                (draft / top).rename(target)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except (zipfile.BadZipFile, EOFError) as error:
        raise UnpackError(f"{archive.name}: is no whole ZIP ({error}); pull it again") from None
    return target


def _check(zipped: zipfile.ZipFile) -> str:
    """The one folder that everything lies in.  UnpackError for entries that no package of ours has."""
    tops, seen = set(), set()
    for entry in zipped.infolist():
        path = PurePosixPath(entry.filename)
        # `orig_filename` still has what ZipInfo cuts off or turns round: zero bytes and backslashes.
        odd = entry.filename != entry.orig_filename or "\\" in entry.filename or len(path.parts) < 2
        if odd or entry.is_dir() or ".." in path.parts or str(path) != entry.filename or not _FOLDER.fullmatch(path.parts[0]):
            raise UnpackError(f"{entry.filename!r}: this name cannot be in a package; do not trust its sender")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise UnpackError(f"{entry.filename!r}: is no plain file; do not trust its sender")
        if entry.compress_type != zipfile.ZIP_STORED:  # so that a small file cannot fill the disk
            raise UnpackError(f"{entry.filename!r}: is compressed, packages are not; do not trust its sender")
        if path in seen:
            raise UnpackError(f"{entry.filename!r}: is in the ZIP twice; do not trust its sender")
        seen.add(path)
        tops.add(path.parts[0])
    if len(tops) != 1:
        raise UnpackError(f"the ZIP holds {len(tops)} folders, a package is one; pull it again")
    return str(tops.pop())


def _write(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / entry.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipped.open(entry) as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink, CHUNK_BYTES)
