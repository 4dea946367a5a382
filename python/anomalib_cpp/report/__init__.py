"""Reports: one HTML file with everything in it, which needs no script and asks for nothing on the network."""

from __future__ import annotations

from ._demo import write_report

__all__ = ["write_report"]
