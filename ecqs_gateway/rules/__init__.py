"""The rule catalogue: loaded rules, their effective dates, the working-day calendar, evaluation to findings."""

from ecqs_gateway.mapping.expr import ExprContext
from ecqs_gateway.rules.against import NOTHING, References
from ecqs_gateway.rules.calendar import WorkingCalendar, load_calendar
from ecqs_gateway.rules.catalogue import CompiledRule, CompiledRules, RuleCatalogue, compile_rules
from ecqs_gateway.rules.check import EXAMPLE_DAY, RuleProblem, check_rules
from ecqs_gateway.rules.evaluate import evaluate, evaluate_cross

__all__ = [
    "EXAMPLE_DAY",
    "NOTHING",
    "CompiledRule",
    "CompiledRules",
    "ExprContext",
    "References",
    "RuleCatalogue",
    "RuleProblem",
    "WorkingCalendar",
    "check_rules",
    "compile_rules",
    "evaluate",
    "evaluate_cross",
    "load_calendar",
]
