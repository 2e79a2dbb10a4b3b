"""`make nag`: cdk-nag's AwsSolutions over the stack, as several settings make it. Exit code 1 for findings.

What is meant to be as it is has its reason beside the resource (infra/accepted.py). This is a run of its own:
nothing of it is in the template that is deployed.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.app import STACK_NAME, ImagepipeStack
from infra.bundles import ROOT, Bundle, bundles
from infra.settings import DeploymentSettings

_PEOPLE = {
    "detectors": "labels,faces",
    "people": True,
    "people_purpose": "family",
    "people_contact": "me@people.example",
    "people_retention_days": 365,
}
_JWT = {"api_access": "jwt", "jwt_issuer": "https://people.example", "jwt_audience": "photos"}
# Settings that make other resources, permissions or routes than the defaults.
VARIANTS: Mapping[str, Mapping[str, object]] = {
    "the defaults": {},
    "people sign in": {**_JWT, "upload_scope": "photos/upload", "cors_origins": "https://photos.example"},
    "people sign in at Cognito, by CloudFront": {
        "api_access": "jwt",
        "sign_in": True,
        "cloudfront": True,
    },
    "open to all": {"api_access": "open", "uploads": True, "operator": True, "corrections": True},
    "all detectors": {"detectors": "labels,faces,moderation,text"},
    "no pictures, no audit": {"pictures": False, "daily_check": False},
    "a bucket that was there": {"bucket": "photos-of-people", "bucket_prefix": "camera/"},
    "alerts": {
        "policy": str(ROOT / "tests" / "infra" / "policy.toml"),
        "alert_email": "me@people.example",
        "block_tag": True,
    },
    "people": _PEOPLE,
    "cameras": {
        "cameras": str(ROOT / "tests" / "infra" / "cameras.toml"),
        "camera_email": "me@people.example",
    },
    "films by jobs, persons too": {**_PEOPLE, "video": "jobs", "people_in_films": True},
    "search by meaning": {"meaning": "labels"},
    "search by what a model sees, filled": {"meaning": "labels", "meaning_next": "bedrock"},
    "all that can be on": {
        "confidence_order": True,
        "near_duplicates": True,
        "keep_location": True,
        "snapstart": True,
        "alarm_email": "photos@people.example",
        "access_logs": True,
        "customer_key": True,
        "api_access": "jwt",
        "sign_in": True,
        "cloudfront": True,
        "waf": True,
        "operator": True,
        "dashboard": True,
    },
}


class NagFinding(NamedTuple):
    """What a rule says of one construct."""

    path: str
    rule: str
    says: str


def findings(context: Mapping[str, object]) -> list[NagFinding]:
    """Return what cdk-nag finds in the stack with these settings."""
    with tempfile.TemporaryDirectory() as scratch:
        app = App(outdir=f"{scratch}/out", context=dict(context))
        settings = DeploymentSettings.from_context(app.node.try_get_context)
        code = _NoCode("none", Path(scratch))
        ImagepipeStack(app, STACK_NAME, settings, **dict.fromkeys(bundles(), code))
        return findings_in(app)


def findings_in(app: App) -> list[NagFinding]:
    """Synthesize an app, and return what cdk-nag finds in it."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    failure = None
    try:
        app.synth()
    except (
        RuntimeError
    ) as error:  # so does the CDK say that there are findings, and that anything else failed
        failure = error
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    found = [
        NagFinding(construct["constructPath"], violation["ruleName"], violation["description"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]
    if failure is not None and not found:
        raise failure
    return sorted(found)


class _NoCode(Bundle):
    """Code that is never deployed: judging the template takes none."""

    def build(self) -> Path:
        code = self.directory / "code"
        code.mkdir(exist_ok=True)
        (code / "empty.py").touch()
        return code


def main() -> int:
    """Print what is found, setting by setting."""
    count = 0
    for name, context in VARIANTS.items():
        found = findings(context)
        count += len(found)
        print(f"{name}: {len(found) or 'no'} findings", flush=True)
        for finding in found:
            print(f"  {finding.rule} at {finding.path}: {finding.says}")
    if count:
        print(
            f"{count} findings: mend them, or accept each with its reason (infra/accepted.py)",
            file=sys.stderr,
        )
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
