"""Write the XSD files and the field reference from the definitions, or say which of them are stale.

``python -m ecqs_gateway.model.generate`` writes; with ``--check`` it writes nothing, lists the files that differ and
exits with 1. It runs in a checkout: the code tables under ``schemas/codes`` are its second input.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model import reference, xsd
from ecqs_gateway.model.batch import SCHEMA_VERSION
from ecqs_gateway.model.codes import COLUMNS, CodeTable, CodeTables

__all__ = ["expected", "main", "read_code_tables", "stale"]


def read_code_tables(folder: Path) -> CodeTables:
    """Read the code tables as they are, without the checks ``ecqs check`` makes.

    The full loader belongs to ``ecqs_gateway.content``, which stands above the model and cannot be imported here.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise Misconfigured("ECQS-1093", "no code tables here", where=str(folder), hint="run this in the checkout")
    return CodeTables({file.stem: CodeTable(file.stem, _read(file)) for file in files})


def _read(file: Path) -> pl.DataFrame:
    rows = pl.read_csv(file, infer_schema=False)
    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing:
        raise Misconfigured("ECQS-1093", f"the code table has no column {', '.join(missing)}", where=file.name)
    return rows.with_columns(pl.col("valid_from", "valid_until").str.to_date("%Y-%m-%d", strict=True))


def expected(root: Path) -> dict[Path, str]:
    """Give what every generated file of the checkout should hold, by its path."""
    codes = read_code_tables(root / "schemas" / "codes")
    schemas, docs = root / "schemas" / "ecqs" / SCHEMA_VERSION, root / "docs" / "reference"
    files = {schemas / name: text for name, text in xsd.generate(codes).items()}
    return files | {docs / name: text for name, text in reference.generate(codes).items()}


def stale(root: Path) -> dict[Path, str | None]:
    """Give the files that are not as they should be, with the right text; None for one that should not be there."""
    wanted = expected(root)
    wrong: dict[Path, str | None] = {
        path: text for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    }
    schemas = root / "schemas" / "ecqs" / SCHEMA_VERSION
    return wrong | {path: None for path in sorted(schemas.glob("*.xsd")) if path not in wanted}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ecqs_gateway.model.generate", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is stale")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout (default: here)")
    options = parser.parse_args(arguments)
    wrong = stale(options.root)
    for path, text in sorted(wrong.items()):
        note = "should not be there" if text is None else "stale" if options.check else "written"
        sys.stdout.write(f"{path.relative_to(options.root)}: {note}\n")
        if not options.check and text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not options.check:
            path.unlink()
    return 1 if options.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
