"""What is on in the place of the fault run beside what is on by itself."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from contract.alerts import ALERTS, AlertRule
from contract.detector_choice import ByPrefix, Detectors
from contract.detectors import DEFAULT_DETECTORS
from contract.policy import Policy
from loadtest.faults.cameras import YARD
from local.cloud.assembly import LOCAL_CONTEXT

# The categories are asked for below some of the script's folders alone: its close-ups of a cheek are what the
# local Rekognition takes for one now and then.
_ASKED_BELOW: Mapping[str, Detectors] = {
    "inbox/": ("labels", "faces", "moderation"),
    "2024/": ("labels", "faces", "moderation"),
}
# It keeps no label back, for a vector of a whole picture would know of it all the same (meaning_next).
POLICY = """
show_gender_and_age = true

[labels]
default = 45

[aliases]
Beast = ["Cat", "Dog", "Cow", "Horse", "Sheep"]

[moderation.Explicit]
review = 42
block = 70

[[alerts]]
name = "beasts"
label = "Beast"
min_confidence = 60
cooldown = "1 minute"

[[alerts]]
name = "inbox"
prefix = "inbox/"
cooldown = "2 minutes"

[[alerts]]
name = "blocked"
moderation_action = "block"
cooldown = "1 minute"
"""
CAMERAS = f"""
[{YARD.name}]
prefix = "{YARD.prefix}"
watch = ["Dog"]
gone_after = {YARD.gone_after_seconds}
"""
POLICY_CONTENT = tomllib.loads(POLICY)
THE_POLICY = Policy.of(POLICY_CONTENT)
RULES = tuple(map(AlertRule.of, POLICY_CONTENT[ALERTS]))
DETECTORS_OF = ByPrefix.of(DEFAULT_DETECTORS, _ASKED_BELOW)


def context_in(directory: Path) -> dict[str, object]:
    """Write the files that settings name into a directory; return the settings of the deployment."""
    policy, detectors, cameras = (directory / f"{name}.toml" for name in ("policy", "detectors", "cameras"))
    cameras.write_text(CAMERAS)
    policy.write_text(POLICY)
    lines = (f'"{prefix}" = {list(names)}\n' for prefix, names in _ASKED_BELOW.items())
    detectors.write_text(f"[prefixes]\n{''.join(lines)}".replace("'", '"'))
    return {
        **LOCAL_CONTEXT,
        "policy": str(policy),
        "detectors_by_prefix": str(detectors),
        "cameras": str(cameras),
        "video": "jobs",
        "meaning": "labels",
        "meaning_next": "bedrock",
        # Each worker asks for two vectors at once, and each of these starts a copy of the model here: of
        # eight, none would be there in time.
        "max_concurrency": 2,
        "bulk_max_concurrency": 2,
    }
