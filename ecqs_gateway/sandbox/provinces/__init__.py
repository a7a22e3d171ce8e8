"""Sample provinces: generators of invented source data in real database shapes, repeatable and dirty on request."""
