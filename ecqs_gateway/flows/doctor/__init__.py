"""What is wrong with an installation, and what to do: many small checks side by side, each able to fail alone."""

from __future__ import annotations

from ecqs_gateway.flows.doctor.core import Finding, Options, Report, Verdict
from ecqs_gateway.flows.doctor.examine import examine

__all__ = ["Finding", "Options", "Report", "Verdict", "examine"]
