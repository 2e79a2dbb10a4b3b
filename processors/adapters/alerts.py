"""What rules of alerts have to say, kept in the one table, and sent to their topic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.retries import RetryPolicy
from contract import table
from contract.alert_state import AlertMessage, AlertState
from contract.alerts import AlertRule, alert_key
from contract.errors import ConfigurationError
from contract.items import from_wire, key_to_wire
from contract.timing import ALERTS_KEPT_SECONDS
from processors.adapters.calls import put_as_read, translated
from processors.alerts.alerting import subject_of, text_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True)
class DynamoDBAlerts:
    """One item a rule. `clock` gives seconds since 1970."""

    client: "DynamoDBClient"
    table_name: str
    retry: RetryPolicy
    clock: Callable[[], float]

    def read(self, name: str) -> AlertState:
        """Return what a rule has to say, as of now. Raise ConfigurationError where that cannot be read."""
        what = f"GetItem of the alert {name} on {self.table_name}"
        answer = self.retry.around(translated(what)(self.client.get_item))(
            TableName=self.table_name, Key=key_to_wire(alert_key(name)), ConsistentRead=True
        )
        if "Item" not in answer:
            return AlertState()
        try:
            return AlertState.from_item(from_wire(answer["Item"]))
        except (KeyError, TypeError, ValueError) as fault:
            raise ConfigurationError(
                "UnreadableAlert",
                f"what the alert {name} has to say cannot be read ({fault!r}): delete the item "
                f"{alert_key(name).pk}; what it counted is lost",
            ) from fault

    def write(self, name: str, state: AlertState) -> bool:
        """Keep it, and return True, if what is there has still the version that was read."""
        item = {
            **alert_key(name)._asdict(),
            **state.to_item(),
            table.EXPIRY: int(self.clock()) + ALERTS_KEPT_SECONDS,
        }
        return put_as_read(self.client, self.table_name, self.retry, item, state.version)


@dataclass(frozen=True)
class SnsAlerts:
    """The topic of alerts. Each message has its id, rule and count as attributes too, for machines."""

    client: "SNSClient"
    topic_arn: str
    retry: RetryPolicy

    def send(self, rule: AlertRule, message: AlertMessage) -> None:
        """Publish a message; returns when SNS has it. Raise a word for failure."""
        attributes = {"id": message.id, "alert": rule.name}
        self.retry.around(translated(f"Publish to {self.topic_arn}")(self.client.publish))(
            TopicArn=self.topic_arn,
            Subject=subject_of(rule, message),
            Message=text_of(rule, message),
            MessageAttributes={
                **{name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
                "count": {"DataType": "Number", "StringValue": str(message.photos)},
            },
        )
