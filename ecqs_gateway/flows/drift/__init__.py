"""Drift: what a source gives, held against what was described of it, before its rows are taken."""
