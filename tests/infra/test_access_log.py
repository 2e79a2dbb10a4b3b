"""Who asked the API for what, where the settings want it written down."""

import json

from tests.infra.conftest import Synthesize
from tests.infra.template import Template, target


def test_nothing_is_written_down_unless_the_settings_say_so(template: Template) -> None:
    assert "AccessLogSettings" not in template.properties("AWS::ApiGatewayV2::Stage")


def test_the_caller_is_written_down_and_what_was_searched_for_is_not(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({"access_logs": True}))
    settings = template.properties("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]
    fields = json.loads(settings["Format"])

    group = template.all("AWS::Logs::LogGroup")[target(settings["DestinationArn"])]
    assert group["Properties"]["RetentionInDays"]
    assert group["DeletionPolicy"] == "Delete"
    assert " ".join(fields) == "time request ip caller subject method path route status bytes ms error"
    assert (fields["ip"], fields["caller"]) == ("$context.identity.sourceIp", "$context.identity.userArn")
    assert fields["subject"] == "$context.authorizer.claims.sub"
    assert not [value for value in fields.values() if "query" in value.lower() or "protocol" in value.lower()]
