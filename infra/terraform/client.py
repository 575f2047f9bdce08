"""Terraform, which owns the infrastructure: the one interface to it.

A lease has its own copy of the root module (:func:`prepare_root`), with its own state. Every failure is a
:class:`infra.base.errors.TerraformError` with Terraform's own words.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra.base import paths
from infra.base.errors import TerraformError
from infra.terraform.binary import Binary, find_binary
from infra.terraform.process import Done, Event, describe, run

STATE_FILE = "terraform.tfstate"
LOCK_FILE = f".{STATE_FILE}.lock.info"
LEASE_VARIABLE = "BAKEOFF_LEASE"  # marks Terraform and whatever it starts, so that leftovers can be found
LOCK_TIMEOUT = "10s"

_COPIED = ("modules", "catalogue")


class Change(NamedTuple):
    """What a plan would do to one resource: create, update, replace or delete it."""

    address: str
    action: str


def prepare_root(directory: Path, root: Path, name: str) -> Path:
    """Copy a target's root module, modules and catalogue into ``directory``, in the order that they have in ``infra/``.

    Returns:
        The copied root module: ``directory/targets/<name>/terraform``.
    """
    copied = directory / "targets" / name / "terraform"
    parts = {root: copied, **{paths.PROJECT_DIR / "infra" / part: directory / part for part in _COPIED}}
    for source, copy in parts.items():
        shutil.copytree(
            source,
            copy,
            ignore=shutil.ignore_patterns("tests", "README.md", "__pycache__", "*.py", ".terraform*", "*.tfstate*"),
            dirs_exist_ok=True,
        )
    return copied


class Terraform:
    """Terraform in one root module.

    Args:
        root_dir: a root module, such as :func:`prepare_root` returns.
        lease_id: marks the processes; empty for work that starts nothing.
        var_file: values of variables, beside ``*.auto.tfvars[.json]`` in the root module.
        data_dir: where Terraform keeps its own files; by default ``.terraform`` in the root module.
        backend: settings of a backend that the root leaves open; empty for a state file in the root module.
        binary: which Terraform; by default :func:`infra.terraform.binary.find_binary`.
        environment: further variables of Terraform's environment.
    """

    def __init__(
        self,
        root_dir: Path,
        *,
        lease_id: str = "",
        var_file: Path | None = None,
        data_dir: Path | None = None,
        backend: Mapping[str, str] | None = None,
        binary: Binary | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.root_dir = root_dir
        self.var_file = var_file
        self._backend = dict(backend or {})
        self.binary = binary or find_binary()
        self._environment = {"TF_DATA_DIR": str(data_dir or self.root_dir / ".terraform"), **(environment or {})}
        if lease_id:
            self._environment[LEASE_VARIABLE] = lease_id

    def init(self) -> None:
        """Prepare the root module. On the local target it needs no network: modules are local, the provider is built in."""
        settings = [f"-backend-config={name}={value}" for name, value in self._backend.items()]
        self._run("init", "-json", "-input=false", *settings)

    def validate(self) -> None:
        """Check the module without variables. Needs :meth:`init`."""
        done = self._run("validate", "-json", check=False)
        if done.code != 0:
            found = json.loads(done.stdout).get("diagnostics", []) if done.stdout.startswith("{") else []
            raise TerraformError("\n".join(describe(item) for item in found) or "\n".join(done.errors))

    def fmt_check(self) -> None:
        """Raise TerraformError with the names of files that ``terraform fmt`` would change, folders below included."""
        done = self._run("fmt", "-check", "-recursive", "-list=true", check=False)
        if done.code != 0:
            names = ", ".join(done.stdout.split()) or "\n".join(done.errors)
            raise TerraformError(f"Not formatted: {names}. Run: terraform fmt -recursive {self.root_dir}")

    def test(self) -> int:
        """Run the module's own tests; returns how many passed. Needs :meth:`init`.

        Raises TerraformError if one fails, or if there are none.
        """
        done = self._run("test", "-json")
        summaries = [event["test_summary"] for event in done.events if event.get("type") == "test_summary"]
        passed = sum(int(summary["passed"]) for summary in summaries)
        if not passed:
            raise TerraformError(f"terraform test in {self.root_dir} ran nothing: no tests/*.tftest.hcl there.")
        return passed

    def plan(self, replace: Iterable[str] = ()) -> list[Change]:
        """What :meth:`apply` would change; empty if nothing."""
        # Nothing is applied from it, and an account that may only read the state may not write its lock.
        done = self._run("plan", "-json", "-input=false", "-lock=false", *self._options(replace))
        planned = [event["change"] for event in done.events if event.get("type") == "planned_change"]
        return [Change(change["resource"]["addr"], change["action"]) for change in planned]

    def plan_values(self) -> dict[str, Any]:
        """The plan as ``terraform show -json`` has it, with every planned value. Leaves nothing behind."""
        file = self.root_dir / "values.tfplan"
        try:
            self._run("plan", "-json", "-input=false", "-lock=false", f"-out={file}", *self._options(()))
            return dict(json.loads(self._run("show", "-json", str(file)).stdout))
        finally:
            file.unlink(missing_ok=True)

    def mirror_providers(self, directory: Path) -> bool:
        """Fetch the required providers into a filesystem mirror; False where the registry does not answer."""
        return self._run("providers", "mirror", str(directory), check=False).code == 0

    def apply(self, replace: Iterable[str] = (), on_event: Callable[[Event], None] | None = None) -> None:
        """Make the infrastructure what the variables say, and replace the given addresses.

        ``on_event`` gets every event as it happens, on this thread. On an error, what was
        made is still there and in the state.
        """
        options = ("-json", "-auto-approve", "-input=false", "-lock-timeout=" + LOCK_TIMEOUT)
        self._run("apply", *options, *self._options(replace), on_event=on_event)

    def destroy(self, on_event: Callable[[Event], None] | None = None) -> None:
        """Remove everything that is in the state."""
        options = ("-destroy", "-json", "-auto-approve", "-input=false", "-lock-timeout=" + LOCK_TIMEOUT)
        self._run("apply", *options, *self._options(()), on_event=on_event)

    def output(self) -> dict[str, object]:
        """Values of the outputs by name; empty before the first apply."""
        done = self._run("output", "-json")
        return {name: output["value"] for name, output in json.loads(done.stdout).items()}

    def has_state(self) -> bool:
        """True if the state lists a resource. A state cut short by a kill lists none: Terraform could not read it."""
        if self._backend:
            self.init()
            return bool(json.loads(self._run("state", "pull").stdout or "{}").get("resources"))
        try:
            return bool(json.loads((self.root_dir / STATE_FILE).read_text(encoding="utf-8")).get("resources"))
        except (FileNotFoundError, ValueError):
            return False

    def unlock(self) -> bool:
        """Forget the lock of a Terraform that died; True if there was one.

        The kernel drops the lock itself with its owner, only the note about it stays (``terraform force-unlock``
        refuses local states). Raises TerraformError, with the owner, while a living Terraform holds the lock.
        """
        note = self.root_dir / LOCK_FILE
        if not note.exists():
            return False
        state = self.root_dir / STATE_FILE
        if state.exists():
            with state.open("r+b") as file:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise TerraformError(f"{state} is locked: {note.read_text(encoding='utf-8')}") from None
                note.unlink(missing_ok=True)
        note.unlink(missing_ok=True)
        return True

    def _options(self, replace: Iterable[str]) -> list[str]:
        variables = [f"-var-file={self.var_file.resolve()}"] if self.var_file else []
        return [*variables, *(f"-replace={address}" for address in replace)]

    def _run(
        self, verb: str, *options: str, check: bool = True, on_event: Callable[[Event], None] | None = None
    ) -> Done:
        done = run(self.binary.program, self.root_dir, self._environment, verb, *options, on_event=on_event)
        if check and done.code != 0:
            raise TerraformError(f"terraform {verb} failed: " + "\n".join(done.errors))
        return done
