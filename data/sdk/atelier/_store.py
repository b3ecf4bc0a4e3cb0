# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The artifact store as files: s3://BUCKET/KEY is the file STORE/BUCKET/KEY.

STORE is $ATELIER_STORE, else the folder “store” of $ATELIER_WORKSPACE, else of the user's data folder. What is staged here
(code, inputs) gets an address made of its content, so it never changes and a step's cache key says what the step runs.
Files appear whole or not at all: they are written beside their place and renamed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Dict, List, Optional, Sequence, Tuple, Union, cast
from urllib.parse import unquote, urlparse

_IGNORED = {"__pycache__", ".git", ".ipynb_checkpoints", ".DS_Store"}

# Where relative paths are looked for besides the working directory: the folder of the pipeline that is compiled.
search_folders: List[Path] = []


def root() -> Path:
    """The store's folder; it need not exist."""
    store = os.environ.get("ATELIER_STORE")
    if store:
        return Path(store)
    workspace = os.environ.get("ATELIER_WORKSPACE")
    if workspace:
        return Path(workspace, "store")
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return Path(data, "atelier", "store")


def default_bucket() -> str:
    """The name of the bucket that is used when none is named: $ATELIER_BUCKET, else "atelier"."""
    return os.environ.get("ATELIER_BUCKET") or "atelier"


def parse(uri: str) -> Tuple[str, str]:
    """Bucket and key of an s3:// address. Raises ValueError for anything else."""
    if not uri.startswith("s3://"):
        raise ValueError(f"“{uri}” is no s3:// address")
    bucket, _, key = uri[5:].partition("/")
    if not bucket:
        raise ValueError(f"“{uri}” names no bucket")
    return bucket, key.lstrip("/")


def path_of(uri: str) -> Path:
    """The file (or folder, for a prefix) of an s3:// address. Raises ValueError for keys that would leave the bucket."""
    bucket, key = parse(uri)
    parts = [part for part in key.split("/") if part]
    if bucket in (".", "..") or any(part in (".", "..") for part in parts):
        raise ValueError(f"“{uri}” has “.” or “..” in it, which no stored object may have")
    return root().joinpath(bucket, *parts)


def write(path: Path, data: Union[bytes, Path]) -> None:
    """Writes a file whole or not at all, from bytes or from another file, making the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".atelier-tmp-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            if isinstance(data, Path):
                with data.open("rb") as source:
                    for block in iter(lambda: source.read(1 << 20), b""):
                        out.write(block)
            else:
                out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def local_path(text: str, what: str) -> Path:
    """The local file or folder that a path or file:// address names.

    A relative path is looked for in the working directory, then beside the pipeline that is compiled.
    Raises ValueError with a sentence that begins with `what` when there is none.
    """
    url = urlparse(text)
    if url.scheme not in ("", "file"):
        raise ValueError(f"{what} “{text}” must be a local path")
    path = Path(unquote(url.path) if url.scheme else text).expanduser()
    for folder in [Path.cwd(), *search_folders]:
        if (folder / path).exists():
            return folder / path
    raise ValueError(f"{what} “{text}” does not exist")


def is_local(text: object) -> bool:
    """Whether a value is the text of a local path, not an address of another kind or a pipeline variable."""
    return isinstance(text, str) and urlparse(text).scheme in ("", "file")


def files_below(folder: Path) -> Dict[str, Path]:
    """All files of a folder by their relative path with slashes, sorted, without caches and Git's own folder."""
    found: Dict[str, Path] = {}
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _IGNORED)
        for name in names:
            path = Path(where, name)
            if name not in _IGNORED and not name.endswith(".pyc") and path.is_file():
                found[path.relative_to(folder).as_posix()] = path
    return dict(sorted(found.items()))


def digest_of(files: Dict[str, Path]) -> str:
    """SHA-256, in hexadecimal, of names and contents."""
    whole = hashlib.sha256()
    for name, path in files.items():
        content = hashlib.sha256()
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                content.update(block)
        whole.update(f"{name}\0{content.hexdigest()}\n".encode())
    return whole.hexdigest()


def stage(text: str, what: str, bucket: str, prefix: Optional[str], kind: str, *, file_only: bool = False) -> str:
    """Puts a local file or folder into the store and gives its address: s3://BUCKET/[PREFIX/]KIND/DIGEST[/NAME].

    `what` names the thing in errors. The same content is stored once. Raises ValueError when the path does not exist.
    """
    path = local_path(text, what)
    if path.is_dir():
        if file_only:
            raise ValueError(f"{what} “{text}” is a folder, but must be a file")
        files = files_below(path)
        if not files:
            raise ValueError(f"{what} “{text}” is an empty folder")
        suffix = ""
    else:
        files = {path.name: path}
        suffix = f"/{path.name}"
    uri = _join(bucket, prefix, kind, digest_of(files))
    for name, file in files.items():
        target = path_of(f"{uri}/{name}")
        if not target.exists():
            write(target, file)
    return uri + suffix


def stage_bytes(data: bytes, name: str, bucket: str, prefix: Optional[str], kind: str) -> str:
    """Puts bytes into the store: s3://BUCKET/[PREFIX/]KIND/DIGEST/NAME."""
    digest = hashlib.sha256(name.encode() + b"\0" + data).hexdigest()
    uri = _join(bucket, prefix, kind, digest, name)
    target = path_of(uri)
    if not target.exists():
        write(target, data)
    return uri


def stage_source(
    script: str, source_dir: Optional[str], dependencies: Sequence[str], bucket: str, prefix: Optional[str],
    extra: Optional[Dict[str, Path]] = None,
) -> Tuple[str, str]:
    """Packs code into a sourcedir.tar.gz in the store; gives its address and the program's name inside.

    Without source_dir the archive holds the script alone, else the folder's contents; the dependencies (files or folders)
    lie beside it under their base names, as do `extra` files under the names given. Equal contents give equal bytes: names
    are sorted, times zero, owners nobody, modes the same. Raises ValueError when something does not exist.
    """
    files: Dict[str, Path] = {}
    if source_dir:
        folder = local_path(source_dir, "The source folder")
        if not folder.is_dir():
            raise ValueError(f"The source folder “{source_dir}” is not a folder")
        files.update(files_below(folder))
        name = script
        if name not in files:
            raise ValueError(f"The program “{script}” is not in the source folder “{source_dir}”")
    else:
        path = local_path(script, "The program")
        if not path.is_file():
            raise ValueError(f"The program “{script}” is not a file")
        name = path.name
        files[name] = path
    for dependency in dependencies:
        path = local_path(dependency, "The dependency")
        if path.is_dir():
            files.update({f"{path.resolve().name}/{inner}": file for inner, file in files_below(path).items()})
        else:
            files[path.name] = path
    files.update(extra or {})
    files = dict(sorted(files.items()))
    uri = _join(bucket, prefix, "code", digest_of(files), "sourcedir.tar.gz")
    target = path_of(uri)
    if not target.exists():
        write(target, _pack(files))
    return uri, name


def _join(bucket: str, prefix: Optional[str], *parts: str) -> str:
    return "s3://" + "/".join([bucket, *([prefix.strip("/")] if prefix else []), *parts])


def _pack(files: Dict[str, Path]) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as stream:
        with tarfile.TarFile(fileobj=cast(IO[bytes], stream), mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, path in files.items():
                info = tarfile.TarInfo(name)
                info.size = path.stat().st_size
                info.mode = 0o755
                with path.open("rb") as file:
                    archive.addfile(info, file)
    return packed.getvalue()
