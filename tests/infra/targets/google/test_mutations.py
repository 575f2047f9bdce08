"""The checks bite: each thing a request must not lack is taken out of it, and what passed before must fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.base.errors import CloudError
from infra.targets.dataproc import jobs as dataproc
from infra.targets.dataproc import monitoring
from infra.targets.google import billing, preflight, prices, removal
from infra.targets.vertex import driver as vertex
from tests.infra.targets.dataproc import test_monitoring
from tests.infra.targets.google import test_cost
from tests.support.google import dataproc_job as on_dataproc
from tests.support.google import vertex_job as on_vertex
from tests.support.google.bigquery import CONDITIONS
from tests.support.google.cloud import Cloud
from tests.support.google.preflight import checked
from tests.support.google.server import Refusal

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("object_store")]

LOST = Refusal("UNAVAILABLE", "the answer got lost")


def dataproc_job(cloud: Cloud, tmp_path: Path) -> None:
    cloud.dataproc.add_cluster("bakeoff-abc123")
    cloud.failures.add("SubmitJob", LOST, after=True)
    with on_dataproc.submitted(cloud, tmp_path) as (driver, clock):
        assert on_dataproc.finish(driver, clock) == 0
    assert len(cloud.dataproc.jobs) == 1


def dataproc_cancel(cloud: Cloud, tmp_path: Path) -> None:
    cloud.dataproc.add_cluster("bakeoff-abc123")
    with on_dataproc.submitted(cloud, tmp_path):
        pass
    (job,) = cloud.dataproc.jobs.values()
    assert job.status.state.name == "CANCELLED"


def vertex_job(cloud: Cloud, tmp_path: Path) -> None:
    cloud.failures.add("CreateCustomJob", LOST, after=True)
    with on_vertex.submitted(cloud) as (driver, clock):
        assert on_vertex.finish(driver, clock) == 0
    assert len(cloud.vertex.jobs) == 1


def node_metrics(cloud: Cloud, tmp_path: Path) -> None:
    test_monitoring.test_rows_by_hand(cloud)


def free_way(cloud: Cloud, tmp_path: Path) -> None:
    assert checked(cloud) == []


def price_table(cloud: Cloud, tmp_path: Path) -> None:
    found = prices.refresh(cloud.clients, ["us-central1"], date(2026, 11, 24))
    assert {"machine", "machine_spot", "disk", "accelerator", "dataproc"} <= {p.kind for p in found.prices}


def bill(cloud: Cloud, tmp_path: Path) -> None:
    test_cost.test_estimate_measured_and_billed_in_one_table(cloud)


@dataclass(frozen=True)
class Mutation:
    """What is taken out of a request, and which use of the client must then fail."""

    name: str
    use: Callable[[Cloud, Path], None]
    module: Any
    request: str  # class name of the request
    mutate: Callable[[Any], None]


def without(field: str) -> Callable[[Any], None]:
    def mutate(request: Any) -> None:
        *path, last = field.split(".")
        for name in path:
            request = getattr(request, name)
        setattr(request, last, None)

    return mutate


def without_label(name: str, *path: str) -> Callable[[Any], None]:
    def mutate(request: Any) -> None:
        for step in path:
            request = getattr(request, step)
        del request.labels[name]

    return mutate


def without_time_limit(request: Any) -> None:
    request.job.pyspark_job.args = [a for a in request.job.pyspark_job.args if a not in ("--time-limit-s", "900")]


def elsewhere(request: Any) -> None:
    field = "name" if hasattr(request, "name") else "parent"
    setattr(request, field, getattr(request, field).replace("europe-west2", "global"))


LABELS = ("bakeoff-lease", "bakeoff-scenario", "bakeoff-expires")
MUTATIONS = [
    Mutation("request id", dataproc_job, dataproc, "SubmitJobRequest", without("request_id")),
    Mutation("time limit", dataproc_job, dataproc, "SubmitJobRequest", without_time_limit),
    *(Mutation(f"label {n}", dataproc_job, dataproc, "SubmitJobRequest", without_label(n, "job")) for n in LABELS),
    *(
        Mutation(f"region of {r}", use, module, r, without("region"))
        for r, use, module in (
            ("SubmitJobRequest", dataproc_job, dataproc),
            ("GetJobRequest", dataproc_job, dataproc),
            ("GetClusterRequest", dataproc_job, dataproc),
            ("CancelJobRequest", dataproc_cancel, removal),
        )
    ),
    *(
        Mutation(f"label {n}", vertex_job, vertex, "CreateCustomJobRequest", without_label(n, "custom_job"))
        for n in (*LABELS, "bakeoff-attempt")
    ),
    Mutation(
        "timeout", vertex_job, vertex, "CreateCustomJobRequest", without("custom_job.job_spec.scheduling.timeout")
    ),
    Mutation("region of create", vertex_job, vertex, "CreateCustomJobRequest", elsewhere),
    Mutation("region of list", vertex_job, vertex, "ListCustomJobsRequest", elsewhere),
    Mutation("region of get", vertex_job, vertex, "GetCustomJobRequest", elsewhere),
    Mutation("filter of list", vertex_job, vertex, "ListCustomJobsRequest", without("filter")),
    Mutation("project of metrics", node_metrics, monitoring, "ListTimeSeriesRequest", without("name")),
    Mutation("filter of metrics", node_metrics, monitoring, "ListTimeSeriesRequest", without("filter")),
    Mutation("interval of metrics", node_metrics, monitoring, "ListTimeSeriesRequest", without("interval")),
    Mutation("only enabled APIs", free_way, preflight, "ListServicesRequest", without("filter")),
    Mutation("currency", price_table, prices, "ListSkusRequest", without("currency_code")),
]


@pytest.mark.parametrize(
    "use",
    [dataproc_job, dataproc_cancel, vertex_job, node_metrics, free_way, price_table, bill],
    ids=lambda use: use.__name__,
)
def test_without_a_mutation_it_passes(cloud: Cloud, tmp_path: Path, use: Callable[[Cloud, Path], None]) -> None:
    use(cloud, tmp_path)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.use.__name__}: {m.name}")
def test_what_is_taken_out_is_missed(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    mutated: list[Any] = []

    def mutate(request: Any) -> Any:
        if type(request).__name__ == mutation.request:
            mutation.mutate(request)
            mutated.append(request)
        return request

    for name in ("call", "pages"):
        if real := getattr(mutation.module, name, None):
            monkeypatch.setattr(
                mutation.module,
                name,
                lambda method, request, backoff, real=real: real(method, mutate(request), backoff),
            )
    if mutation.request == "CreateCustomJobRequest":  # sent without `call`, see vertex.create
        create = type(cloud.clients.custom_jobs).create_custom_job
        monkeypatch.setattr(
            type(cloud.clients.custom_jobs),
            "create_custom_job",
            lambda self, request, **options: create(self, request=mutate(request), **options),
        )
    with pytest.raises((CloudError, AssertionError)):
        mutation.use(cloud, tmp_path)
    assert mutated, "the mutation changed nothing"


@pytest.mark.parametrize(
    ("use", "module"),
    [(node_metrics, monitoring), (free_way, preflight), (price_table, prices)],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_a_client_that_ignores_paging_is_noticed(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: Callable[[Cloud, Path], None], module: Any
) -> None:
    def first_page(method: Callable[..., Any], request: Any, backoff: object) -> list[Any]:
        answer = next(iter(method(request=request).pages))
        (items,) = (field for field in ("time_series", "services", "skus") if hasattr(answer, field))
        return list(getattr(answer, items))

    monkeypatch.setattr(module, "pages", first_page)
    with pytest.raises((AssertionError, CloudError)):
        use(cloud, tmp_path)


def test_a_bill_of_which_only_the_first_page_is_read_is_noticed(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from google.cloud.bigquery.table import RowIterator

    monkeypatch.setattr(RowIterator, "__iter__", lambda self: iter(next(self.pages)))
    with pytest.raises(AssertionError):
        bill(cloud, tmp_path)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_bill_that_is_not_narrowed_to_the_lease_is_noticed(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    monkeypatch.setattr(billing, "QUERY", billing.QUERY.replace(condition, "TRUE"))
    with pytest.raises(CloudError, match="the query does not ask for"):
        bill(cloud, tmp_path)


def test_a_second_job_is_noticed_where_nobody_looks_for_the_first(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vertex, "find", lambda clients, job: None)
    with pytest.raises(AssertionError):
        vertex_job(cloud, tmp_path)
    assert len(cloud.vertex.jobs) == 2


def test_a_second_job_is_noticed_where_each_try_has_its_own_id(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a client would do it that retries by building its request anew."""
    cloud.dataproc.add_cluster("bakeoff-abc123")
    for number in range(2):
        with on_dataproc.submitted(cloud, tmp_path, attempt=f"try {number}") as (driver, clock):
            on_dataproc.finish(driver, clock)
    assert len(cloud.dataproc.jobs) == 2
