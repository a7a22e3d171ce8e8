"""The `ecqs` command."""

from ecqs_gateway.doors.memory import give_memory_back

give_memory_back()  # here, because it must come before anything imports Polars
