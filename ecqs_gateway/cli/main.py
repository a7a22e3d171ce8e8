"""The `ecqs` command: what data engineers and operators type."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ecqs_gateway import __version__

__all__ = ["app"]

_MODULES = {
    "check": "check",
    "sync": "sync",
    "status": "status",
    "show": "show",
    "findings": "findings",
    "followups": "followups",
    "prove": "prove",
    "stop": "stop",
    "resume": "stop",
    "release": "release",
    "reconcile": "reconcile",
    "onboard": "onboard",
    "observe": "observe",
    "drift": "drift",
    "prune": "prune",
    "doctor": "doctor",
    "backup": "backup",
    "restore": "backup",
    "demo": "demo",
    "generate": "generate",
    "audits": "audits",
    "dead-letters": "letters",
    "evidence": "evidence",
    "inspectors": "inspectors",
    "keys": "keys",
    "mapping": "mapping",
    "report": "report",
    "sandbox": "sandbox",
    "ledger": "ledger",
}
"""The module of each command, in the order of `ecqs --help`; each has ``register``, or ``app`` where it has several."""


class _OnDemand(MutableMapping[str, Any]):
    """The commands by name, each imported and built when it is asked for: to build all takes longer than most run."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _build(name, _MODULES[name])
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


class _Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _OnDemand()


def _build(name: str, module: str) -> Any:
    """Import a command's module and build it the way Typer would have with all others."""
    found = import_module(f"ecqs_gateway.cli.{module}")
    alone = typer.Typer(rich_markup_mode=None)
    if hasattr(found, "register"):
        found.register(alone)
    else:
        alone.add_typer(found.app, name=name)
    return typer.main.get_group(alone).commands[name]


app = typer.Typer(
    name="ecqs",
    help="Keeps provincial licence systems in step with the national system e-CQS.",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001  typer calls it so
    if wanted:
        typer.echo(f"ecqs-gateway {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Keeps provincial licence systems in step with the national system e-CQS."""
    from ecqs_gateway.cli import lost_output  # noqa: PLC0415
    from ecqs_gateway.doors import redact  # noqa: PLC0415

    lost_output.guard(context)
    del version  # its callback has answered already
    redact.install()
    redact.install_hooks()
