"""A seal at the end of a file: its format, and a checksum of every byte before it.

HDF5 and netCDF ignore what stands after their last byte, so that other programs read a sealed file
as they read any other. A file whose bytes differ from those that were written is refused before
anything in it is parsed.
"""

from __future__ import annotations

import hashlib

_MARK = b"causalstats seal"
_DIGITS = 8
_LENGTH = len(_MARK) + _DIGITS + hashlib.sha256().digest_size


def sealed(content: bytes, file_format: int) -> bytes:
    """Return content with its seal: a mark, the number of the format, and a SHA-256 of all.

    Parameters
    ----------
    content : bytes
    file_format : int

    Examples
    --------
    >>> len(sealed(b"draws", 3)) - len(b"draws")
    56
    """
    labelled = content + _MARK + f"{file_format:0{_DIGITS}d}".encode()
    return labelled + hashlib.sha256(labelled).digest()


def unsealed(content: bytes) -> tuple[memoryview, int] | None:
    """Return what was sealed, and its format; None where the checksum does not hold.

    Parameters
    ----------
    content : bytes

    Examples
    --------
    >>> part, file_format = unsealed(sealed(b"draws", 3))
    >>> bytes(part), file_format
    (b'draws', 3)
    >>> unsealed(sealed(b"draws", 3).replace(b"w", b"x"))
    """
    view = memoryview(content)
    whole, seal = view[:-_LENGTH], bytes(view[-_LENGTH:])
    labelled = view[: len(view) - hashlib.sha256().digest_size]
    if not has_seal(content) or hashlib.sha256(labelled).digest() != seal[-32:]:
        return None
    return whole, int(seal[len(_MARK) :][:_DIGITS])


def has_seal(content: bytes) -> bool:
    """Return whether content ends like a sealed file, whatever its checksum.

    Parameters
    ----------
    content : bytes

    Examples
    --------
    >>> has_seal(sealed(b"draws", 3)), has_seal(b"draws")
    (True, False)
    """
    return content[-_LENGTH:].startswith(_MARK)
