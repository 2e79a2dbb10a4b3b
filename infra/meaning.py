"""What finds photos by meaning: a function that knows texts or asks Bedrock, and an index of vectors."""

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contract import meaning, timing
from contract.environment import dump
from contract.settings import EmbeddingSettings
from contract.table import budget_key
from infra.accepted import accept_from_cloudformation
from infra.functions import PythonFunction, allow, allow_on_items, allow_on_objects
from infra.pictures import Pictures
from infra.settings import DeploymentSettings

# A whole core: the model runs on one, and its start is what a first question waits for.
MEMORY_MB = 1769
# It turns a thumbnail into JPEG, and waits for Bedrock.
SEEING_MEMORY_MB = 512


class Meaning(Construct):
    """A function that makes vectors: the processor asks it about photos, the query function about texts.

    That of labels may do nothing but write its log. Where Bedrock makes the vectors, it is asked about the
    thumbnails of `pictures`: it may read renditions, and ask one model. There are both while one space is
    filled and another is searched.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        made_by: str,
        code: Path,
        table: dynamodb.ITable,
        pictures: Pictures | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._table = table
        sees = pictures if made_by == meaning.BY_BEDROCK else None
        self._is_paid = sees is not None
        self.function = PythonFunction(
            self,
            construct_id,
            room="processors",
            entry="embedding_handler" if sees else "meaning_handler",
            service="meaning",
            code=code,
            environment=dump(EmbeddingSettings(sees.renditions.bucket_name)) if sees else {},
            timeout_seconds=timing.EMBEDDING_TIMEOUT_SECONDS if sees else timing.MEANING_TIMEOUT_SECONDS,
            memory_mb=SEEING_MEMORY_MB if sees else MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        if sees:
            allow_on_objects(self.function, ["s3:GetObject"], sees.renditions)
            model = Stack.of(self).format_arn(
                service="bedrock",
                account="",
                resource="foundation-model",
                resource_name=meaning.BEDROCK_MODEL,
            )
            allow(self.function, ["bedrock:InvokeModel"], model)

    def serve(self, processor: lambda_.Function) -> None:
        told_as = "SEEING_FUNCTION" if self._is_paid else "MEANING_FUNCTION"
        processor.add_environment(told_as, self.function.function_name)
        allow(processor, ["lambda:InvokeFunction"], self.function.function_arn)

    def let_question(self, query: lambda_.Function) -> None:
        """Let this function be asked about texts, also where another is asked until a switch.

        A role is changed some seconds before its function, which would be refused what it asks until then.
        """
        allow(query, ["lambda:InvokeFunction"], self.function.function_arn)
        if self._is_paid:
            # Questions are counted in the model's day.
            budget = budget_key(meaning.INVOKE_MODEL).pk
            allow_on_items(query, ["dynamodb:UpdateItem"], self._table, [budget])

    def let_search(self, query: lambda_.Function) -> None:
        """Have questions answered in the space of this function's vectors."""
        query.add_environment("MEANING_FUNCTION", self.function.function_name)
        allow(query, ["dynamodb:SearchVectors"], f"{self._table.table_arn}/index/{meaning.VECTOR_INDEX}")


def index_vectors(table: dynamodb.Table) -> None:
    """Add the index of vectors. CDK has no other way to it than the resource's own property.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    """
    own = table.node.default_child
    assert isinstance(own, dynamodb.CfnTable)
    searched_by = (meaning.IN_SPACE, *meaning.NARROWED_BY)
    defined = own.attribute_definitions
    assert isinstance(defined, list)
    accept_from_cloudformation(
        own,
        "E3039",
        "attributes of a vector index's search schema are defined as keys are; the rule knows keys only",
    )
    own.attribute_definitions = [
        *defined,
        *(
            dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=name, attribute_type="S")
            for name in searched_by
        ),
    ]
    own.vector_indexes = [
        dynamodb.CfnTable.VectorIndexProperty(
            index_name=meaning.VECTOR_INDEX,
            vector_attribute=dynamodb.CfnTable.VectorAttributeProperty(attribute_name=meaning.VECTOR),
            dimensions=meaning.DIMENSIONS,
            distance_function="COSINE",
            search_schema=[
                dynamodb.CfnTable.SearchSchemaElementProperty(
                    attribute_name=name,
                    search_schema_element_type="HASH" if name == meaning.IN_SPACE else "INLINE_FILTER",
                )
                for name in searched_by
            ],
            projection=dynamodb.CfnTable.ProjectionProperty(
                projection_type="INCLUDE", non_key_attributes=["revision"]
            ),
        )
    ]
