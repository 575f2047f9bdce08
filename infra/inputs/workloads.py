"""The workloads that can be run: those that :mod:`workloads.registry` finds, and a user's own PySpark script."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module, metadata

from pydantic import BaseModel

from infra.base.errors import UsageError, unknown_name
from infra.catalogue import Catalogue
from workloads import registry
from workloads.errors import ConfigError
from workloads.outcomes import SHARED
from workloads.record import Scenario
from workloads.workload import ClusterShape, Workload

JOB = "job"  # the workload name of a user's own PySpark script
SCRIPT = Workload(engine="spark", outcomes=SHARED)  # whatever of these it turns out to measure

Settings = dict[str, object]


def find_workload(name: str) -> Workload:
    """The workload of that name; a user's own script is one, too.

    Raises:
        UsageError: there is none of that name, or its folder holds no valid description.
    """
    if name == JOB:
        return SCRIPT
    known = all_workloads()
    if name not in known:
        raise unknown_name("workload", name, (*known, JOB))
    return known[name]


def all_workloads() -> dict[str, Workload]:
    """Every workload by name, without a user's own script. Raises UsageError for a folder without a valid description."""
    try:
        return {name: registry.load(name) for name in registry.names()}
    except ConfigError as error:
        raise UsageError(f"{error}.") from error


def packages_of(names: Iterable[str]) -> tuple[str, ...]:
    """The distributions that these workloads need, besides those that all workloads do; sorted."""
    return tuple(sorted({package for name in names for package in find_workload(name).packages}))


def installed_packages() -> tuple[str, ...]:
    """Those of :func:`packages_of` all workloads that are installed here."""
    return tuple(package for package in packages_of(all_workloads()) if _is_installed(package))


def _is_installed(package: str) -> bool:
    try:
        return bool(metadata.version(package))
    except metadata.PackageNotFoundError:
        return False


def settings_model(workload: str) -> type[BaseModel]:
    """The one model in the ``config.py`` of a workload."""
    find_workload(workload)
    config = import_module(f"workloads.{workload}.config")
    (model,) = (
        value
        for value in vars(config).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == config.__name__
    )
    return model


def full_settings(workload: str, scenario: Scenario, images_uri: str, output_uri: str, chosen: Settings) -> Settings:
    """All settings of a workload: where its data lies, what follows from the cluster, what was chosen."""
    shape = ClusterShape(scenario.workers, Catalogue.default().machine_type(scenario.master_machine_type).vcpus)
    following = find_workload(workload).settings_for(shape)
    return {"images_uri": images_uri, "output_uri": output_uri, **following, **chosen}
