"""The rule catalogue: loaded rules, their effective dates, evaluation to findings."""
