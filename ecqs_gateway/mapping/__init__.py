"""The mapping language: from YAML words and SQL expressions to Polars expressions over whole columns."""
