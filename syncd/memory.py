"""Gives memory back to the machine that the process does not use any more (N36: the smallest server)."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Let the C library return what was freed; nothing where it cannot (musl, macOS).

    glibc keeps freed memory for later and seldom gives it back by itself, so that a service of months would look ever
    larger by what it needed once (mallopt(3), malloc_trim(3)).
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
