"""Field types: each one kind of value with its pydantic validator, Polars expressions and XSD type."""
