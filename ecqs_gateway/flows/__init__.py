"""The use cases, one module each, in plain Python: what the CLI and the DAGs both call."""
