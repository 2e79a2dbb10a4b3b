"""The CDK app.

`cdk deploy` runs it by cdk.json; the local environment runs it the same way with other settings.
"""

from __future__ import annotations

import sys

from aws_cdk import App

from infra.bundles import Bundle, BundleError
from infra.settings import DeploymentSettings, UnusableSettingsError
from infra.stack import ImagepipeStack

STACK_NAME = "imagepipe"


def main() -> int:
    """Synthesize the stack into the directory that CDK names."""
    app = App()
    try:
        settings = DeploymentSettings.from_context(app.node.try_get_context)
        ImagepipeStack(
            app, STACK_NAME, settings, processors=Bundle("processors"), query_api=Bundle("query_api")
        )
    except (UnusableSettingsError, BundleError) as fault:
        print(fault, file=sys.stderr)
        return 2
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
