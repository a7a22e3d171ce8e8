"""Loads, checks, compiles and fingerprints the content folders: connectors/, mappings/, schemas/."""
