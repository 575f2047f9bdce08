"""Run the benches, print the table, write it as JSON, and exit 1 when a bar is missed: ``make bench [BENCH=name]``.

python -m tests.bench [name ...]
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

import tests.bench
from infra.base.paths import CACHE_DIR
from tests.bench.harness import Result, host


def names() -> list[str]:
    """Every bench there is."""
    modules = (name for _, name, _ in pkgutil.iter_modules(tests.bench.__path__) if name.startswith("bench_"))
    return [
        name.removeprefix("bench_")
        for name in modules
        if hasattr(importlib.import_module(f"tests.bench.{name}"), "measure")
    ]


def main(chosen: list[str]) -> int:
    """Exit code: 0, or 1 when a bar was missed or a bench failed."""
    known = names()
    if unknown := [name for name in chosen if name not in known]:
        print(f"error: no bench {unknown[0]!r}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    console, table, missed = Console(width=150), _table(), False
    folder = CACHE_DIR / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    for name in chosen or known:
        console.print(f"[dim]bench {name} ...[/dim]")
        before, start = host(), time.monotonic()
        try:
            # A program that is just being stopped may still write there, which is no failure of the bench.
            with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", ignore_cleanup_errors=True) as scratch:
                results = importlib.import_module(f"tests.bench.bench_{name}").measure(Path(scratch))
        except Exception as error:
            if _interrupted(error):
                raise KeyboardInterrupt from error
            traceback.print_exc()
            table.add_row(name, "failed, see above", "", "", "", "", "[red]no[/red]")
            missed = True
            continue
        missed |= any(result.met is False for result in results)
        for result in results:
            _add(table, name, result)
            for line in result.profile:
                console.print(f"  {line}", highlight=False)
        after = {"took_s": round(time.monotonic() - start), "load_after": os.getloadavg()[0]}
        console.print(f"[dim]bench {name} took {after['took_s']} s; load {after['load_after']:.1f}[/dim]")
        plain = [_plain(result) for result in results]
        text = json.dumps({"bench": name, "host": before | after, "results": plain}, indent=1)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    console.print(table)
    console.print(f"JSON: {folder}")
    return 1 if missed else 0


def _interrupted(error: BaseException | None) -> bool:
    """Whether ^C or SIGTERM began it: what then fails while things are stopped is raised in its place."""
    return error is not None and (isinstance(error, KeyboardInterrupt) or _interrupted(error.__context__))


def _plain(result: Result) -> dict[str, object]:
    return {**asdict(result), "met": result.met}


def _table() -> Table:
    table = Table()
    for heading in ("bench", "what", "measured", "95 % interval", "bar", "rates (median)", "met"):
        table.add_column(heading, overflow="fold")
    return table


def _add(table: Table, name: str, result: Result) -> None:
    unit = f" {result.unit}" if result.unit else ""
    span = f"{result.low:.2f} to {result.high:.2f}" if result.low is not None and result.high is not None else "-"
    rates = "; ".join(f"{side} {value:,.0f}/s" for side, value in result.rates.items())
    met = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "-"}[result.met]
    table.add_row(name, result.what, f"{result.value:,.2f}{unit}", span, result.bar, rates, met)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as ^C: what a bench started is stopped and removed
    sys.exit(main(sys.argv[1:]))
