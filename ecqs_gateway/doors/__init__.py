"""The only doors to what is dangerous or impure: XML, archives, SSH, files, clock, redaction, foreign libraries.

Direct imports of the libraries behind them are banned by ruff (TID251), so that a rule such as "any DOCTYPE is
refused" or "a remote name never becomes a local path" is kept in one place.
"""
