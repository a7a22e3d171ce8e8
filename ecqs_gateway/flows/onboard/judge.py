"""Whether the values of a column can be what its name says: a verdict between -1 (they cannot) and 1 (they are)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ecqs_gateway.content.models_vocabulary import ValueForm
from ecqs_gateway.flows.onboard.profile import Profile

__all__ = ["Verdict", "judge", "percent"]

_MOST = 0.6
_FEW = 0.2
_TELLING = (
    "credit_code",
    "certificate_number",
    "licence_id",
    "sha256",
    "citizen",
    "phone",
    "date",
    "date_range",
    "json",
)


class Verdict(NamedTuple):
    """How far values speak for a meaning; ``telling`` where few other columns could look so."""

    value: float
    telling: bool
    why: str


def percent(share: float) -> str:
    """Write a share for people."""
    return f"{share:.0%}"


_NOTHING = Verdict(0.0, telling=False, why="no values to judge by")


def judge(form: ValueForm | None, profile: Profile) -> Verdict:
    """Judge the values of a column by the form a concept has."""
    if profile.filled == 0:
        return _NOTHING
    if form is None:
        return Verdict(0.0, telling=False, why="")
    return _JUDGES[form](profile)


def _other(profile: Profile, *but: str) -> str | None:
    """Name the telling form the values have instead."""
    return next((name for name in _TELLING if name not in but and profile.share(name) >= _MOST), None)


def _no(profile: Profile, what: str, *but: str) -> Verdict:
    other = _other(profile, *but)
    instead = f"; they are {_NAMES.get(other, other)}" if other else ""
    return Verdict(-1.0, telling=False, why=f"values are no {what}{instead}")


_NAMES: Mapping[str, str] = {
    "credit_code": "credit codes",
    "certificate_number": "certificate numbers",
    "licence_id": "electronic licence ids",
    "sha256": "SHA-256 digests",
    "citizen": "citizens' id numbers",
    "phone": "telephone numbers",
    "date": "days",
    "date_range": "periods with both ends",
    "json": "JSON lists",
}


def _by_share(form: str, what: str, *, telling: bool = True) -> Callable[[Profile], Verdict]:
    def judged(profile: Profile) -> Verdict:
        share = profile.share(form)
        if share >= _MOST:
            return Verdict(1.0, telling, f"{percent(share)} of the values are {what}")
        if share >= _FEW:
            return Verdict(0.3, telling=False, why=f"only {percent(share)} of the values are {what}")
        return _no(profile, what, form)

    return judged


def _credit_code(profile: Profile) -> Verdict:
    verdict = _by_share("credit_code", "valid credit codes")(profile)
    if verdict.value == 1.0 and profile.share("government") >= 0.5:
        return Verdict(-1.0, telling=False, why="values are credit codes of state bodies, not of enterprises")
    return verdict


def _authority_code(profile: Profile) -> Verdict:
    verdict = _by_share("credit_code", "valid credit codes")(profile)
    if verdict.value == 1.0 and profile.share("government") < 0.5:
        return Verdict(-1.0, telling=False, why="values are credit codes of enterprises, not of state bodies")
    return verdict


def _certificate_number(profile: Profile) -> Verdict:
    share = max(profile.share("certificate_number"), profile.share("xk"))
    if share >= _MOST:
        return Verdict(1.0, telling=True, why=f"{percent(share)} of the values are certificate numbers")
    if share >= _FEW:
        return Verdict(0.3, telling=False, why=f"only {percent(share)} of the values are certificate numbers")
    return _no(profile, "certificate numbers", "certificate_number")


def _date(profile: Profile) -> Verdict:
    if profile.share("date_range") >= 0.5:
        return Verdict(-0.6, telling=False, why="values hold two days each")
    return _by_share("date", "days", telling=False)(profile)


def _date_range(profile: Profile) -> Verdict:
    if profile.share("date") >= _MOST:
        return Verdict(-1.0, telling=False, why="values hold one day each")
    return _by_share("date_range", "periods with both ends")(profile)


def _moment(profile: Profile) -> Verdict:
    if profile.share("clock") >= _MOST:
        return Verdict(1.0, telling=False, why="values are times of day and date")
    if profile.share("date") >= _MOST:
        return Verdict(0.6, telling=False, why="values are days or times")
    return _no(profile, "times", "date")


def _area(profile: Profile) -> Verdict:
    share = max(profile.share("area_code"), profile.share("area_long"))
    if share >= _MOST:
        return Verdict(1.0, telling=False, why=f"{percent(share)} of the values are area codes")
    return _no(profile, "area codes")


def _organisation(profile: Profile) -> Verdict:
    if profile.share("authority") >= _MOST:
        return Verdict(-0.7, telling=False, why="values are names of authorities")
    share = profile.share("organisation")
    if share >= _MOST:
        return Verdict(1.0, telling=False, why=f"{percent(share)} of the values are names of organisations")
    if _other(profile) or share < 0.05:
        return _no(profile, "names of organisations")
    return Verdict(0.3, telling=False, why=f"only {percent(share)} of the values are names of organisations")


def _authority(profile: Profile) -> Verdict:
    share = profile.share("authority")
    if share >= _MOST:
        return Verdict(1.0, telling=True, why=f"{percent(share)} of the values are names of authorities")
    if profile.share("firm") >= _MOST or _other(profile):
        return _no(profile, "names of authorities")
    return Verdict(0.2, telling=False, why="few values are names of authorities")


def _person(profile: Profile) -> Verdict:
    share = profile.share("person")
    if share >= _MOST and profile.share("organisation") < _FEW:
        return Verdict(0.8, telling=False, why=f"{percent(share)} of the values may be names of persons")
    return Verdict(-0.5, telling=False, why="values are no names of persons")


def _address(profile: Profile) -> Verdict:
    share = profile.share("address")
    if profile.share("organisation") >= _MOST and profile.share("firm") >= _MOST:
        return _no(profile, "addresses")
    if share >= _MOST:
        return Verdict(1.0, telling=False, why=f"{percent(share)} of the values are addresses")
    if _other(profile) or profile.share("han") < _FEW:
        return _no(profile, "addresses")
    return Verdict(0.4, telling=False, why="values are text")


def _product(profile: Profile) -> Verdict:
    if profile.share("json") >= _MOST:
        return Verdict(0.8, telling=False, why="values are JSON lists")
    if _other(profile) or profile.share("firm") >= _MOST or profile.share("address") >= _MOST:
        return _no(profile, "names of products")
    if profile.share("han") >= 0.5:
        return Verdict(0.6, telling=False, why="values are text")
    return Verdict(-0.2, telling=False, why="values are codes or signs")


def _text(profile: Profile) -> Verdict:
    if _other(profile):
        return _no(profile, "free text")
    return Verdict(0.5, telling=False, why="values are text")


def _identifier(profile: Profile) -> Verdict:
    if _other(profile):
        return _no(profile, "identifiers")
    share = profile.distinct / max(1, profile.filled)
    if share >= 0.9:
        return Verdict(0.7, telling=False, why="values differ from row to row")
    return Verdict(-0.2, telling=False, why="values repeat")


def _both(profile: Profile) -> Verdict:
    if profile.share("batch") >= _FEW:
        return Verdict(1.0, telling=True, why="values hold a day and a batch number")
    return Verdict(
        0.5 if profile.share("date") else 0.2, telling=False, why="values hold a day, a batch number or both"
    )


def _code(profile: Profile) -> Verdict:
    """Judge without a code table; with one, ``evidence`` asks the code book."""
    if not profile.few or _other(profile):
        return Verdict(-0.6, telling=False, why="values are too many for codes")
    return Verdict(0.2, telling=False, why=f"{len(profile.few)} different values")


_JUDGES: Mapping[ValueForm, Callable[[Profile], Verdict]] = {
    "address": _address,
    "area_code": _area,
    "authority": _authority,
    "authority_code": _authority_code,
    "certificate_number": _certificate_number,
    "citizen": _by_share("citizen", "citizens' id numbers"),
    "code": _code,
    "credit_code": _credit_code,
    "date": _date,
    "date_and_batch": _both,
    "date_range": _date_range,
    "flag": _by_share("flag", "yes or no", telling=False),
    "identifier": _identifier,
    "integer": _by_share("integer", "whole numbers", telling=False),
    "licence_id": _by_share("licence_id", "electronic licence ids"),
    "moment": _moment,
    "organisation": _organisation,
    "person": _person,
    "phone": _by_share("phone", "telephone numbers"),
    "product": _product,
    "sha256": _by_share("sha256", "SHA-256 digests"),
    "text": _text,
}
