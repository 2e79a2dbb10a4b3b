"""The one table: heads, index rows and raw results, as contract/table.py lays them out."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from contract import table


class Store(Construct):
    """A single on-demand table, and one sparse index of the rows that have a confidence, where it is wanted.

    It can be restored to any second of the last 35 days; tombstones expire by themselves. Its stream says
    which items have changed, and not how: who follows it reads them.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, retained: bool, confidence_order: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=table.PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=table.SORT_KEY, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute=table.EXPIRY,
            stream=dynamodb.StreamViewType.KEYS_ONLY,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=retained,
            removal_policy=RemovalPolicy.RETAIN if retained else RemovalPolicy.DESTROY,
        )
        if confidence_order:
            self._order_by_confidence()

    def _order_by_confidence(self) -> None:
        """Add the index by rank. Its partitions are those of the rows, so it is written to as evenly."""
        self.table.add_global_secondary_index(
            index_name=table.RANK_INDEX,
            partition_key=dynamodb.Attribute(name=table.PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=table.RANK, type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(table.RANK_PROJECTED),
        )
