"""``bakeoff`` in a process of its own against the fakes of another:

    python -m tests.support.google.client ADDRESS VERB ...

Google's clients find the fakes by their environment. Terraform is stubbed at ``infra.terraform.client.run``, as elsewhere:
each call goes to the stub of the process that holds the fakes, and is answered from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from infra.base.paths import PROJECT_DIR
from infra.cli import app
from infra.targets.dataproc.target import TARGET
from infra.targets.google import dependencies
from infra.terraform import client as terraform
from infra.terraform.process import Done, Event

Answer = Callable[..., Done]


@contextmanager
def answering(address: Path, stub: Answer) -> Iterator[None]:
    """Answer the calls of clients with this stub until the end of the block."""
    with Listener(str(address), "AF_UNIX") as listener:

        def serve() -> None:
            while True:
                with listener.accept() as connection:
                    try:
                        asked = connection.recv()
                    except (EOFError, ConnectionResetError):  # the client was killed before it had asked
                        continue
                    if not asked:
                        return
                    _answer(connection, stub, *asked)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            with Client(str(address)) as connection:
                connection.send(None)
            thread.join()


def _answer(connection: Connection, stub: Answer, root: str, verb: str, options: tuple[str, ...]) -> None:
    events: list[Event] = []
    try:
        done = stub("terraform", root, {}, verb, *options, on_event=events.append)
    except BaseException:
        connection.close()  # else the client waits for ever
        raise
    try:
        connection.send((done, events))
    except (BrokenPipeError, ConnectionResetError):  # the client was killed meanwhile
        return


def start(address: Path, runs: Path, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a verb; its words go to ``log``."""
    with log.open("wb") as words:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.google.client", str(address), *arguments],
            cwd=PROJECT_DIR, env={**os.environ, "BAKEOFF_RUNS": str(runs)}, stdout=words, stderr=words,
        )  # fmt: skip


def main() -> None:
    address, *sys.argv[1:] = sys.argv[1:]

    def run(
        program: str, root_dir: str | Path, environment: dict[str, str], *command: str, on_event: Any = None
    ) -> Done:
        with Client(address) as connection:
            connection.send((str(root_dir), command[0], command[1:]))
            done, events = connection.recv()
        for event in events if on_event else ():
            on_event(event)
        assert isinstance(done, Done)
        return done

    terraform.run = run  # type: ignore[attr-defined]
    dependencies.PYTHON_VERSION = sys.version_info[:2]
    dependencies.archive = lambda names: b"packages of 300 MB"
    TARGET.traits = replace(TARGET.traits, poll_s=0.05, sweep_pause_s=0.0)
    app.main()


if __name__ == "__main__":
    main()
