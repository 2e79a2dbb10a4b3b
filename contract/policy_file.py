"""The file of a policy: read, and refused in words."""

import tomllib
from pathlib import Path
from typing import Any

from contract.policy import MODERATION, to_json
from contract.policy_faults import faults_of_policy


def policy_content(path: str) -> dict[str, Any]:
    """Read what is in a file, whatever it is. Raise OSError or ValueError where that is no TOML."""
    return tomllib.loads(Path(path).read_text(encoding="utf-8"))


def policy_json(path: str) -> str:
    """Return a policy without faults as the variable POLICY of functions holds it."""
    return to_json(policy_content(path))


def faults_of_policy_file(path: str, *, is_moderated: bool) -> list[str]:
    """Return what is wrong with a file. `is_moderated` says whether the deployment looks for categories."""
    try:
        content = policy_content(path)
    except (OSError, UnicodeDecodeError) as error:
        return [f"policy is {path!r}, which cannot be read: {error}"]
    except tomllib.TOMLDecodeError as error:
        return [f"{path} is no TOML: {error}"]
    faults = [f"{path}: {fault}" for fault in faults_of_policy(content)]
    if not faults and content.get(MODERATION) and not is_moderated:
        faults.append(
            f"{path}: it has rules for moderation, and no photo is looked at for that: add moderation to "
            "detectors"
        )
    return faults
