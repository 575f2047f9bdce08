"""All the fakes at once, standing, and clients that speak to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.targets.google.calls import Backoff
from infra.targets.google.clients import Clients, StandIn
from tests.support.google.bigquery import FakeBigQuery
from tests.support.google.catalog import FakeCatalog
from tests.support.google.compute import FakeCompute
from tests.support.google.dataproc import FakeDataproc
from tests.support.google.monitoring import FakeMonitoring
from tests.support.google.project import FakeProject
from tests.support.google.rest import serve_rest
from tests.support.google.server import Failures, serve
from tests.support.google.vertex import FakeVertex

QUICK = Backoff(first_s=0.01, longest_s=0.02, total_s=60.0, attempt_s=60.0)
IMPATIENT = QUICK._replace(total_s=1.0)  # for servers that never answer


@dataclass
class Cloud:
    """The fakes, the failures to come, and where they stand."""

    failures: Failures = field(default_factory=Failures)
    dataproc: FakeDataproc = field(default_factory=FakeDataproc)
    monitoring: FakeMonitoring = field(default_factory=FakeMonitoring)
    vertex: FakeVertex = field(default_factory=FakeVertex)
    project: FakeProject = field(default_factory=FakeProject)
    compute: FakeCompute = field(default_factory=FakeCompute)
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    bigquery: FakeBigQuery = field(default_factory=FakeBigQuery)
    stand_in: StandIn = field(default_factory=lambda: StandIn("", ""))
    backoff: Backoff = QUICK

    @property
    def clients(self) -> Clients:
        """Clients of the fakes' project and region, that repeat a call at once."""
        return Clients(self.dataproc.project, self.dataproc.region, stand_in=self.stand_in, backoff=self.backoff)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a bakeoff in a process of its own speak to the fakes."""
        return {"BAKEOFF_GOOGLE_GRPC": self.stand_in.grpc, "BAKEOFF_GOOGLE_REST": self.stand_in.rest}


@contextmanager
def standing_cloud() -> Iterator[Cloud]:
    """A cloud whose servers run until the end of the block."""
    cloud = Cloud()
    with (
        serve([cloud.dataproc, cloud.monitoring, cloud.vertex, cloud.project, cloud.catalog], cloud.failures) as grpc,
        serve_rest([cloud.compute, cloud.bigquery], cloud.failures) as rest,
    ):
        cloud.stand_in = StandIn(grpc, rest)
        yield cloud
