"""paramiko without the runner of local programs it brings along for a word in ssh_config files, not read here.

The runner (invoke, with a YAML reader of its own) takes 50 ms and 7 MB; paramiko itself says what to do without it.
"""

from __future__ import annotations

import sys

__all__ = ["paramiko"]

_RUNNER = "invoke"

if _RUNNER in sys.modules:
    import paramiko
else:
    sys.modules[_RUNNER] = None  # type: ignore[assignment] # Python's way to say that there is none
    try:
        import paramiko
    finally:
        del sys.modules[_RUNNER]
