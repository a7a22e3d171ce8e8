"""Onboarding: from a source nobody has described to connector, mapping, code tables and cases, each line with a reason.

``lexicon`` and ``profile`` say what a name and what values look like, ``evidence`` puts both together, ``assign`` chooses,
``draft`` makes mapping lines of it, ``render`` writes the files. Nothing of it is ever used before a person has agreed:
what is not certain is written as TODO, and ``ecqs check`` lists it.
"""

from ecqs_gateway.flows.onboard.propose import Options, Proposal, onboard

__all__ = ["Options", "Proposal", "onboard"]
