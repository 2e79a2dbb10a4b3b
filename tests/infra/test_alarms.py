from __future__ import annotations

import re

from infra.bundles import ROOT
from tests.infra.template import Template


def test_every_alarm_names_a_heading_of_the_operators_handbook(template: Template) -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text()
    headings = set(re.findall(r"^## (.+)$", handbook, flags=re.M))
    named = set()
    for alarm in template.all("AWS::CloudWatch::Alarm").values():
        found = re.search(r'See "(.+)" in docs/operations\.md', alarm["Properties"]["AlarmDescription"])
        assert found is not None
        named.add(found[1])
    assert named == headings
