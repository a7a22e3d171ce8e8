"""Onboarding: from a source nobody has described to connector, mapping, code tables and cases, each line with a reason.

``lexicon`` and ``profile`` say what a name and what values look like, ``evidence`` puts both together, ``assign``
chooses, ``draft`` makes mapping lines of it, ``render`` writes the files. What is not certain is written as TODO, which
``ecqs check`` lists, and is not used before a person has agreed to it.
"""

from ecqs_gateway.flows.onboard.propose import Options, Proposal, onboard

__all__ = ["Options", "Proposal", "onboard"]
