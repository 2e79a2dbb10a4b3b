"""The one table: records, index rows and raw results, as contract/table.py lays them out."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from contract import table
from contract.detectors import operations_of
from contract.items import PARTITION_KEY, SORT_KEY
from contract.picture_usage import PictureWork, writes_a_second
from contract.quotas import IN_LARGE_REGIONS, photo_rates, usual_quota
from contract.regions import quotas_abroad, total_quotas
from contract.usage import NEW_TABLE_WRITES
from infra.meaning import index_vectors
from infra.settings import DeploymentSettings


class Store(Construct):
    """A single on-demand table, and one sparse index of the rows that have a confidence, where it is wanted.

    It can be restored to any second of the last 35 days; tombstones expire by themselves. Its stream says
    which items have changed, and not how: who follows it reads them.

    A retained table is protected from deletion, and stays behind when the first deployment of a stack fails:
    CloudFormation could not delete it, for it does not lift the protection, and the stack would be stuck.
    https://github.com/aws/aws-cdk/pull/24581

    A table that was restored takes its place where the settings name one: it is not the stack's, and the
    stack's own stays behind. docs/operations.md says what such a table needs.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        one_photo = PictureWork(
            1, 1, keep_location=settings.keep_location, near_duplicates=settings.near_duplicates
        )
        quotas = {name: _quota(settings, name) for name in operations_of(settings.every_detector)}
        rates = photo_rates(quotas, settings.every_detector)
        self._writes = writes_a_second(rates, one_photo if settings.pictures else None)
        self.table = self._restored(settings) if settings.restored_table else self._own(settings)

    def _restored(self, settings: DeploymentSettings) -> dynamodb.ITable:
        return dynamodb.Table.from_table_attributes(
            self,
            "Restored",
            table_name=settings.restored_table,
            table_stream_arn=settings.restored_table_stream,
            grant_index_permissions=settings.confidence_order,
        )

    def _own(self, settings: DeploymentSettings) -> dynamodb.ITable:
        own = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=SORT_KEY, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute=table.EXPIRY,
            stream=dynamodb.StreamViewType.KEYS_ONLY,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            warm_throughput=_warm(self._writes.table),
            deletion_protection=settings.retained,
            removal_policy=RemovalPolicy.RETAIN if settings.retained else RemovalPolicy.DESTROY,
        )
        if settings.confidence_order:
            self._order_by_confidence(own)
        if settings.meaning:
            index_vectors(own)
        return own

    def _order_by_confidence(self, own: dynamodb.Table) -> None:
        """Add the index by rank. Its partitions are those of the rows, so it is written to as evenly."""
        own.add_global_secondary_index(
            index_name=table.RANK_INDEX,
            partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=table.RANK, type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(table.RANK_PROJECTED),
            warm_throughput=_warm(self._writes.index),
        )


def _quota(settings: DeploymentSettings, operation: str) -> float:
    """Return a quota as it was set, else that of a large region, which no new table has trouble with.

    Where other regions are asked too, it is that of all of them together, whichever is home.
    """
    if settings.asks_abroad:
        return max(_total_quota(settings, operation, home) for home in settings.regions)
    return settings.quotas.get(operation, IN_LARGE_REGIONS[operation])


def _total_quota(settings: DeploymentSettings, operation: str, home: str) -> float:
    at_home = {operation: settings.quotas.get(operation, usual_quota(operation, home))}
    abroad = quotas_abroad(settings.regions, home, [operation], settings.quotas)
    return total_quotas(at_home, abroad)[operation]


def _warm(writes: int) -> dynamodb.WarmThroughput | None:
    """Return what to make the table ready for beforehand; None where a new one is ready enough."""
    return dynamodb.WarmThroughput(write_units_per_second=writes) if writes > NEW_TABLE_WRITES else None
