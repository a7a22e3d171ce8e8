"""The `ecqs` command: what data engineers and operators type."""

from __future__ import annotations

from typing import Annotated

import typer

from ecqs_gateway import __version__

__all__ = ["app"]

app = typer.Typer(
    name="ecqs",
    help="Keeps provincial licence systems in step with the national system e-CQS.",
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


def _register() -> None:
    """Attach the commands; each module imports what it needs only when its command runs."""
    from ecqs_gateway.cli import (  # noqa: PLC0415
        backup,
        check,
        demo,
        doctor,
        evidence,
        findings,
        generate,
        keys,
        ledger,
        letters,
        mapping,
        observe,
        onboard,
        prove,
        prune,
        release,
        report,
        sandbox,
        show,
        status,
        stop,
        sync,
    )

    modules = (
        check,
        sync,
        status,
        show,
        findings,
        prove,
        stop,
        release,
        onboard,
        observe,
        prune,
        doctor,
        backup,
        demo,
        generate,
    )
    for module in modules:
        module.register(app)
    app.add_typer(letters.app, name="dead-letters")
    app.add_typer(evidence.app, name="evidence")
    app.add_typer(keys.app, name="keys")
    app.add_typer(mapping.app, name="mapping")
    app.add_typer(report.app, name="report")
    app.add_typer(sandbox.app, name="sandbox")
    app.add_typer(ledger.app, name="ledger")


_register()
