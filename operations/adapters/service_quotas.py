"""The account's quotas of Rekognition, from Service Quotas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from operations.adapters.aws_errors import translated
from operations.deployed import AccountQuota

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

SERVICE = "rekognition"
SECOND = "SECOND"


@dataclass(frozen=True)
class ServiceQuotas:
    """Service Quotas of one region."""

    client: ServiceQuotasClient
    retry: RetryPolicy

    def per_second(self) -> list[AccountQuota]:
        """Return all quotas of Rekognition that are by the second: the account's, else AWS's defaults."""
        applied = self._all("list_service_quotas")
        defaults = self._all("list_aws_default_service_quotas")
        codes = {found["QuotaCode"] for found in applied}
        every = [*applied, *(found for found in defaults if found["QuotaCode"] not in codes)]
        return [_read(found) for found in every if _is_by_the_second(found)]

    def _all(self, operation: str) -> list[Mapping[str, Any]]:
        def attempt() -> list[Mapping[str, Any]]:
            with translated(f"{operation} of {SERVICE}"):
                pages = self.client.get_paginator(operation).paginate(ServiceCode=SERVICE)  # type: ignore[call-overload]
                return [found for page in pages for found in page["Quotas"] if "Value" in found]

        return self.retry(attempt)


def _is_by_the_second(found: Mapping[str, Any]) -> bool:
    period = found.get("Period", {})
    name = found["QuotaName"].lower()
    is_named = "per second" in name or "tps" in name
    return is_named or (period.get("PeriodUnit") == SECOND and period.get("PeriodValue", 1) == 1)


def _read(found: Mapping[str, Any]) -> AccountQuota:
    dimensions = found.get("UsageMetric", {}).get("MetricDimensions", {})
    return AccountQuota(found["QuotaName"], found["Value"], dimensions.get("Resource"))
