"""Workloads as options of a command give them: ``bakeoff run`` as an experiment of one scenario and one workload, and the
workload or set of them of ``bakeoff search``."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from pydantic import ValidationError

from infra.base.errors import UsageError
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec, check, explain
from infra.inputs.workloads import JOB, all_workloads
from workloads.record.search import named_twice


def one_off(
    scenario: str,
    workload: str | None,
    job: Path | None,
    args: str,
    settings: list[str],
    repeats: int,
    data: DataSpec,
    experiment: str,
    timeout_s: float,
) -> Experiment:
    """Build the experiment.

    Raises:
        UsageError: neither or both of a workload and a script, an unknown workload, a setting that is not key=value.
    """
    if (workload is None) == (job is None):
        raise UsageError(
            f"Give either a workload ({', '.join(all_workloads())}) or --job SCRIPT.py, not both and not neither."
        )
    if job is not None and not job.is_file():
        raise UsageError(f"--job: no file '{job}'. Give the path of a PySpark script.")
    if job is None and args:
        raise UsageError(f"--args goes with --job; for the workload {workload} use --set key=value.")
    try:
        words = shlex.split(args)
    except ValueError as error:
        raise UsageError(f"--args is read as a shell would: {error}; received {args!r}.") from error
    name = workload or JOB
    script = str(job.resolve()) if job else None
    spec = WorkloadSpec(name=name, config=parse_settings(settings), script=script, args=words)
    try:
        made = Experiment(
            name=experiment, scenarios=[scenario], repeats=repeats, timeout_s=timeout_s, data=data, workloads=[spec]
        )
    except ValidationError as error:
        raise UsageError(explain(error)) from error
    check(made)
    return made


def workload_specs(
    names: list[str],
    job: Path | None,
    args: str,
    settings: list[str],
    data: DataSpec,
    experiment: str,
    timeout_s: float,
) -> list[WorkloadSpec]:
    """Build one workload, or a set of them; ``job`` is the name of the script. Settings of a set are WORKLOAD.key=value.

    Raises:
        UsageError: as of :func:`one_off`; a workload that is there twice; a setting, script or arguments of none of them.
    """
    if wrong := named_twice(names):
        raise UsageError(wrong)
    of_set = len(names) > 1
    if of_set and JOB in names and job is None:
        raise UsageError(
            f"The workload '{JOB}' of a set needs a script; received {', '.join(names)} without --job. "
            f"Add --job SCRIPT.py, or leave --workload {JOB} out."
        )
    if of_set and (job or args) and JOB not in names:
        raise UsageError(
            f"--job and --args are for the workload '{JOB}' of a set; received {', '.join(names)}. Add --workload {JOB}."
        )
    mine = _settings_by_workload(names, settings) if of_set else {names[0]: settings}
    specs = []
    for name in names:
        of_script = name == JOB or not of_set
        made = one_off(
            "any", None if name == JOB else name, job if of_script else None, args if of_script else "", mine[name], 1,
            data, experiment, timeout_s,
        )  # fmt: skip
        specs += made.workloads
    return specs


def _settings_by_workload(names: list[str], settings: list[str]) -> dict[str, list[str]]:
    mine: dict[str, list[str]] = {name: [] for name in names}
    for setting in settings:
        owner, dot, rest = setting.partition(".")
        if not dot or owner not in mine:
            raise UsageError(
                f"--set with a set of workloads takes WORKLOAD.key=value, with a workload of {', '.join(names)}; "
                f"received '{setting}'."
            )
        mine[owner].append(rest)
    return mine


def parse_settings(settings: list[str]) -> dict[str, object]:
    """``key=value`` pairs; a value is JSON where it parses as JSON, else text."""
    parsed: dict[str, object] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise UsageError(f"--set takes key=value; received '{setting}'.")
        try:
            parsed[key] = json.loads(value)
        except json.JSONDecodeError:
            parsed[key] = value
    return parsed
