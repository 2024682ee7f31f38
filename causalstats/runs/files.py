"""Atomic writing of files: completely or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from causalstats.errors import StoreError


def write_whole(path: Path, content: bytes | memoryview) -> Path:
    """Write a file under a temporary name and rename it, so that readers never see half of it.

    Parameters
    ----------
    path : Path
        Missing folders are made.
    content : bytes

    Returns
    -------
    Path
        The path.

    Raises
    ------
    StoreError
        If the file cannot be written. A file that was there before is unchanged.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "new" / "greeting.txt", b"hello").read_text()
    'hello'
    """
    if path.is_dir():
        raise StoreError(f"Expected the path of a file, got the folder {str(path)!r}.")
    temporary = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be written ({error.strerror or error}); it takes "
            f"{len(content) / 1e6:.1f} MB. Nothing is lost: write it to another place."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path
