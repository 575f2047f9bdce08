"""One Terraform process: started through python-terraform and the launcher, read as it runs, interrupted in order."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import python_terraform

from infra.terraform import launcher as terraform_launcher

Event = dict[str, Any]
"""One line of Terraform's ``-json`` output, as it is documented under "Machine-Readable UI"."""

INTERRUPT_GRACE_S = 60.0  # for Terraform to stop its provisioners and save its state
LAST_WORDS_S = 2.0  # for output still in the pipes after the process has ended


class Done(NamedTuple):
    """A finished Terraform: exit code, output that was no event, and what it complained about."""

    code: int
    stdout: str
    stderr: str
    events: list[Event]

    @property
    def errors(self) -> list[str]:
        """Terraform's own error messages, else the last words of its output."""
        found = [
            describe(event["diagnostic"])
            for event in self.events
            if event.get("type") == "diagnostic" and event.get("diagnostic", {}).get("severity") == "error"
        ]
        return found or [(self.stderr.strip() or self.stdout.strip() or f"no message, exit code {self.code}")[-2000:]]


def describe(diagnostic: dict[str, Any]) -> str:
    """Summary and detail of a diagnostic, and where it arose, as one text."""
    place = diagnostic.get("address") or diagnostic.get("range", {}).get("filename") or ""
    text = ": ".join(str(part) for part in (diagnostic.get("summary"), diagnostic.get("detail")) if part)
    return f"{text} ({place})" if place else text


class _Client(python_terraform.Terraform):  # type: ignore[misc]
    """python-terraform with the launcher in front of the program."""

    def __init__(self, working_dir: str, launcher: list[str]) -> None:
        self._launcher = launcher
        super().__init__(working_dir=working_dir)

    def generate_cmd_string(self, cmd: str, *args: str, **kwargs: Any) -> list[str]:
        kwargs.pop("synchronous", None)  # meant for cmd(), which passes it on as an option of Terraform's
        return [*self._launcher, *super().generate_cmd_string(cmd, *args, **kwargs)[1:]]

    def read_state_file(self, file_path: str | None = None) -> None:
        """Not needed, and a damaged state file must not fail here."""


class TerraformProcess:
    """A running Terraform. Iterating gives its events, on the caller's thread; then :meth:`result` holds the rest.

    Start it from a thread that outlives it: Linux ends it when the *thread* that started it ends.
    """

    def __init__(self, program: str, root_dir: str | Path, environment: dict[str, str], *command: str) -> None:
        launcher = [
            sys.executable,
            "-IS",
            terraform_launcher.__file__,
            str(os.getpid()),
            json.dumps(environment_changes(environment)),
            program,
        ]
        verb, *arguments = command
        started, _, _ = _Client(str(root_dir), launcher).cmd(verb, *arguments, synchronous=False)
        self._process: subprocess.Popen[bytes] = started
        self._lines: queue.Queue[tuple[str, str]] = queue.Queue()
        self._texts: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._events: list[Event] = []
        self._readers = [self._read("stdout", started.stdout), self._read("stderr", started.stderr)]

    @property
    def pid(self) -> int:
        """Id of the process group, and of the launcher that waits for Terraform in it."""
        return self._process.pid

    def __iter__(self) -> Iterator[Event]:
        while True:
            try:
                stream, line = self._lines.get(timeout=0.1)
            except queue.Empty:
                if self._process.poll() is not None and self._drained():
                    return
                continue
            event = _event(line) if stream == "stdout" else None
            if event is None:
                self._texts[stream].append(line)
            else:
                self._events.append(event)
                yield event

    def result(self) -> Done:
        """Exit code and output, after the last event."""
        texts = {stream: "".join(lines) for stream, lines in self._texts.items()}
        return Done(self._process.wait(), texts["stdout"], texts["stderr"], self._events)

    def interrupt(self, grace_s: float = INTERRUPT_GRACE_S) -> None:
        """Ask Terraform to stop and wait: it ends its provisioners and saves its state. Then less and less kindly."""
        for number, wait_s in ((signal.SIGINT, grace_s), (signal.SIGINT, 5.0), (signal.SIGKILL, 5.0)):
            if self._process.poll() is not None:
                return
            self._signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(wait_s)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # the launcher has not made its group yet
            self._process.send_signal(number)

    def _read(self, stream: str, pipe: IO[bytes]) -> threading.Thread:
        def pump() -> None:
            with pipe:
                for line in pipe:
                    self._lines.put((stream, line.decode("utf-8", "replace")))

        reader = threading.Thread(target=pump, name=f"terraform-{stream}", daemon=True)
        reader.start()
        return reader

    def _drained(self) -> bool:
        """True once both pipes are read, or somebody else holds them open for too long."""
        until = time.monotonic() + LAST_WORDS_S
        for reader in self._readers:
            reader.join(max(0.0, until - time.monotonic()))
        return self._lines.empty()


def run(
    program: str,
    root_dir: str | Path,
    environment: dict[str, str],
    *command: str,
    on_event: Callable[[Event], None] | None = None,
) -> Done:
    """Run Terraform to its end. Whatever is raised meanwhile (Ctrl-C, say) stops it first, and is raised again."""
    process = TerraformProcess(program, root_dir, environment, *command)
    try:
        for event in process:
            if on_event:
                on_event(event)
        return process.result()
    except BaseException:
        process.interrupt()
        raise


def _event(line: str) -> Event | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "@level" in value else None


def environment_changes(changes: dict[str, str]) -> dict[str, str | None]:
    """What differs from this process' environment; None: not set. (The rest, secrets perhaps, is simply inherited.)"""
    found: dict[str, str | None] = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0", **changes}
    # What users set for their own Terraform must not reach ours, or its output could not be read.
    for name in os.environ:
        if name.startswith(("TF_CLI_ARGS", "TF_VAR_")) or name in ("TF_WORKSPACE", "TF_LOG"):
            found[name] = None
    config = os.environ.get("TF_CLI_CONFIG_FILE")
    if (
        config and "TF_CLI_CONFIG_FILE" not in changes and not Path(config).is_file()
    ):  # Terraform would warn in the middle of its output
        found["TF_CLI_CONFIG_FILE"] = None
    return found
