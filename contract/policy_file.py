"""The file of a policy: read, and refused in words."""

import json
import tomllib
from pathlib import Path
from typing import Any

from contract.alerts import ALERTS
from contract.policy import MODERATION, to_json
from contract.policy_faults import faults_of_policy


def policy_content(path: str) -> dict[str, Any]:
    """Read what is in a file, whatever it is. Raise OSError or ValueError where that is no TOML."""
    return tomllib.loads(Path(path).read_text(encoding="utf-8"))


def policy_json(path: str) -> str:
    """Return a policy without faults as the variable POLICY of functions holds it."""
    return to_json(policy_content(path))


def alerts_json(path: str) -> str:
    """Return the rules of alerts as the variable ALERTS of their function holds them; nothing without any."""
    rules = policy_content(path).get(ALERTS)
    return json.dumps(rules, sort_keys=True, separators=(",", ":")) if rules else ""


def faults_of_policy_file(path: str, *, is_moderated: bool) -> list[str]:
    """Return what is wrong with a file. `is_moderated` says whether the deployment looks for categories."""
    try:
        content = policy_content(path)
    except (OSError, UnicodeDecodeError) as error:
        return [f"policy is {path!r}, which cannot be read: {error}"]
    except tomllib.TOMLDecodeError as error:
        return [f"{path} is no TOML: {error}"]
    faults = [f"{path}: {fault}" for fault in faults_of_policy(content)]
    asks_for_moderation = content.get(MODERATION) or any(
        MODERATION in rule for rule in content.get(ALERTS, ()) if not faults
    )
    if not faults and asks_for_moderation and not is_moderated:
        faults.append(
            f"{path}: it has rules for moderation, and no photo is looked at for that: add moderation to "
            "detectors"
        )
    return faults
