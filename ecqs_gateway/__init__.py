"""Gateway between provincial licence systems and the national system e-CQS."""

from __future__ import annotations

__version__ = "0.1.0"
