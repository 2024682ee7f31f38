"""Atomic writing of files, completely or not at all, and reading of ordinary files."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from causalstats.errors import StoreError


def write_whole(path: Path, content: bytes | memoryview) -> Path:
    """Write a file under a temporary name and rename it, so that readers never see half of it.

    Parameters
    ----------
    path : Path
        Missing folders are made. The file that a symbolic link points at is written.
    content : bytes

    Returns
    -------
    Path
        The path.

    Raises
    ------
    StoreError
        If the file cannot be written, or the path is a folder, a device or a pipe. A file that was
        there before is unchanged.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "new" / "greeting.txt", b"hello").read_text()
    'hello'
    """
    target = _ordinary(path)
    temporary = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be written ({error.strerror or error}); it takes "
            f"{len(content) / 1e6:.1f} MB. Nothing is lost: write it to another place."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def read_whole(path: Path, expected: str) -> bytes:
    """Return the bytes of an ordinary file.

    Parameters
    ----------
    path : Path
    expected : str
        The kind of file, for messages.

    Raises
    ------
    StoreError
        If there is no such file, it cannot be read, or it is a folder, a device or a pipe.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "greeting.txt"
    >>> read_whole(write_whole(path, b"hello"), "a greeting")
    b'hello'
    """
    try:
        if not path.exists():
            raise StoreError(f"There is no file {str(path)!r}.")
        if not path.is_file():
            raise StoreError(f"Expected {expected}, got {_kind(path)} {str(path)!r}.")
        return path.read_bytes()
    except StoreError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"{str(path)!r} cannot be read ({reason}).") from error


def _ordinary(path: Path) -> Path:
    """Return the file that a path, or the link at that path, stands for."""
    try:
        target = path.resolve() if path.is_symlink() else path
        if target.exists() and not target.is_file():
            raise StoreError(
                f"Expected the path of a file, got {_kind(target)} {str(path)!r}."
            )
    except StoreError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(
            f"{str(path)!r} cannot be written ({reason}). Write it to another place."
        ) from error
    return target


def _kind(path: Path) -> str:
    return "the folder" if path.is_dir() else "the device or pipe"
