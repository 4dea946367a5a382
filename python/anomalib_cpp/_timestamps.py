"""Timestamps in text files."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

__all__ = ["microseconds"]

_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?")
_FIRST, _STEP = datetime(1970, 1, 1), timedelta(microseconds=1)


def microseconds(text: str) -> int | None:
    """Read a timestamp, such as ``2014-07-01 00:30:00``, as microseconds since 1970; None for what is none.

    NumPy would also take words such as ``now``, and a number for a year.
    """
    text = text.strip()
    if not _STAMP.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text.ljust(26, "0") if "." in text else text) - _FIRST) // _STEP
    except ValueError:  # no such month, day or hour
        return None
