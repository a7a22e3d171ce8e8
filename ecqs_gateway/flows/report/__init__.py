"""The monthly report to headquarters: one section a module, put together, written and sent.

A section is a function of a ``Context`` that gives a ``Section``; whoever adds one puts it into ``sections.SECTIONS``.
"""
