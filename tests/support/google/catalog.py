"""A Cloud Billing Catalog with made-up prices in its real shape: a free tier, an older price, traps beside each SKU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.cloud import billing_v1 as bi

from tests.support.google.server import Method, page, require

COMPUTE_ENGINE = "services/6F81-5844-456A"


def sku(
    description: str,
    usd: float,
    *,
    regions: tuple[str, ...] = ("us-central1",),
    usage: str = "OnDemand",
    unit: str = "h",
    sku_id: str = "",
) -> bi.Sku:
    """A SKU whose price rose from an older one, beyond a free tier."""
    expression = {
        "usage_unit": unit,
        "tiered_rates": [_rate(0, 0.0), _rate(30, usd)] if unit == "GiBy.mo" else [_rate(0, usd)],
    }
    return bi.Sku(
        name=f"{COMPUTE_ENGINE}/skus/{description}",
        sku_id=sku_id,
        description=description,
        category={"usage_type": usage, "resource_family": "Compute"},
        service_regions=regions,
        pricing_info=[
            {"pricing_expression": {"usage_unit": unit, "tiered_rates": [_rate(0, usd / 2)]}},
            {"pricing_expression": expression},
        ],
    )


def _rate(start: float, usd: float) -> dict[str, Any]:
    return {
        "start_usage_amount": start,
        "unit_price": {"currency_code": "USD", "units": int(usd), "nanos": round((usd - int(usd)) * 1e9)},
    }


def _machines(series: str, core: float, memory: float) -> list[bi.Sku]:
    return [
        sku(f"{series} Instance Core running in Americas", core),
        sku(f"{series} Instance Ram running in Americas", memory, unit="GiBy.h"),
        sku(f"Spot Preemptible {series} Instance Core running in Americas", core / 4, usage="Preemptible"),
        sku(
            f"Spot Preemptible {series} Instance Ram running in Americas",
            memory / 4,
            unit="GiBy.h",
            usage="Preemptible",
        ),
        sku(f"{series} Instance Core running in London", 9.0, regions=("europe-west2",)),
    ]


def everything() -> list[bi.Sku]:
    """SKUs of us-central1 that bakeoff asks for, and some that it must not take instead."""
    return [
        *_machines("N1 Predefined", 0.032, 0.004),
        *_machines("N2", 0.030, 0.005),
        *_machines("E2", 0.020, 0.003),
        sku("N1 Predefined Sole Tenancy Instance Core running in Americas", 8.0),
        sku("Storage PD Capacity", 0.05, unit="GiBy.mo"),
        sku("Regional Storage PD Capacity", 8.0, unit="GiBy.mo"),
        sku("Balanced PD Capacity", 0.11, unit="GiBy.mo"),
        sku("SSD backed PD Capacity", 0.18, unit="GiBy.mo"),
        sku("Nvidia Tesla T4 GPU running in Americas", 0.36),
        sku("Nvidia Tesla P4 GPU running in Americas", 0.61),
        sku("Nvidia Tesla P4 GPU attached to Spot Preemptible VMs running in Americas", 0.23, usage="Preemptible"),
        sku("Nvidia Tesla P100 GPU running in Americas", 1.47),
        sku("Nvidia Tesla P100 GPU attached to Spot Preemptible VMs running in Americas", 0.71, usage="Preemptible"),
        sku("Nvidia Tesla T4 Virtual Workstation running in Americas", 8.0),
        sku("Nvidia Tesla T4 GPU attached to Spot Preemptible VMs running in Americas", 0.12, usage="Preemptible"),
        # As renamed: only its id is the same.
        sku("Managed Service for Apache Spark fee", 0.011, regions=("global",), sku_id="DC33-D3C7-25CA"),
        sku("Licensing Fee for Google Cloud Dataproc (RAM cost)", 0.0, regions=("global",)),
    ]


@dataclass
class FakeCatalog:
    """SKUs, ``page_size`` a page whatever is asked for."""

    skus: list[bi.Sku] = field(default_factory=everything)
    page_size: int = 4

    def services(self) -> Mapping[str, Mapping[str, Method]]:
        return {"google.cloud.billing.v1.CloudCatalog": {"ListSkus": Method(bi.ListSkusRequest, self._list)}}

    def _list(self, request: Any) -> Any:
        require(request.parent == COMPUTE_ENGINE, f"parent must be a service: '{request.parent}'")
        require(request.currency_code == "USD", "the price table is in USD")
        require(0 < request.page_size <= 5000, f"page_size is at most 5000: {request.page_size}")
        skus, token = page(self.skus, request.page_token, self.page_size)
        return bi.ListSkusResponse(skus=skus, next_page_token=token)
