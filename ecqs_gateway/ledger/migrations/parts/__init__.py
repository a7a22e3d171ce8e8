"""Pieces of revisions, one for each part of the gateway; a revision of ``versions`` puts them together."""
