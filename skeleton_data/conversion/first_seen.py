"""Which keys have come before: a dictionary of 20 bytes an entry, where Python's takes 200."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 16
_RECENT = 1 << 12


class FirstSeen:
    """Numbers by keys of 16 bytes; recent ones in a dictionary, the others in sorted arrays.

    Keys must be as good as random, such as digests.
    """

    def __init__(self) -> None:
        self._recent: dict[bytes, int] = {}
        self._keys: NDArray[np.bytes_] = np.empty(0, f"S{KEY_BYTES}")
        self._numbers = np.empty(0, np.int32)

    def __len__(self) -> int:
        return len(self._keys) + len(self._recent)

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def get(self, key: bytes) -> int | None:
        """The number of a key, None for one that has not come."""
        recent = self._recent.get(key)
        if recent is not None:
            return recent
        at = int(np.searchsorted(self._keys, key))
        # NumPy's texts lose the zeros at their end.
        there = at < len(self._keys) and self._keys[at] == key.rstrip(b"\0")
        return int(self._numbers[at]) if there else None

    def setdefault(self, key: bytes, number: int) -> int:
        """The number of a key, which is ``number`` if it has not come before."""
        found = self.get(key)
        if found is not None:
            return found
        self._recent[key] = number
        if len(self._recent) == _RECENT:
            self._settle()
        return number

    def _settle(self) -> None:
        keys = np.array(list(self._recent), self._keys.dtype)
        order = np.argsort(keys)
        places = np.searchsorted(self._keys, keys[order])
        self._numbers = np.insert(self._numbers, places, np.array(list(self._recent.values()), np.int32)[order])
        self._keys = np.insert(self._keys, places, keys[order])
        self._recent = {}


def text_key(text: str) -> bytes:
    """A key for a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
