"""What results that are more than a number have in common."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

__all__ = ["Record", "Scalar"]


class Record:
    """Dictionary access for the frozen results; their fields may grow, so they do not unpack like tuples."""

    def _asdict(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def __repr__(self) -> str:
        def text(value: Any) -> str:
            return f"{value:.6g}" if isinstance(value, float) else repr(value)

        return f"{type(self).__name__}({', '.join(f'{name}={text(value)}' for name, value in self._asdict().items())})"


class Scalar(Record):
    """A record that stands for its first field."""

    def __float__(self) -> float:
        return float(next(iter(self._asdict().values())))
