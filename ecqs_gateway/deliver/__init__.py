"""Batch XML, packaging, signing, transports and receipts."""
