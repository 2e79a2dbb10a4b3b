"""The plan of faults: made of a seed, within bounds, and enough of everything."""

from collections import Counter

import pytest

from loadtest.faults.calls import AwsService
from loadtest.faults.plan import LONGEST_LATENCY_SECONDS, FaultPlan, InjectedFault
from loadtest.faults.script import Act, script_of

CALLS = 4000


def drawn(seed: int, service: AwsService) -> list[InjectedFault]:
    plan = FaultPlan(seed, ())
    return [plan.strike(service, number).fault for number in range(CALLS)]


def test_a_seed_gives_the_same_faults_again_and_another_seed_others() -> None:
    assert drawn(1, AwsService.DYNAMODB) == drawn(1, AwsService.DYNAMODB)
    assert drawn(1, AwsService.DYNAMODB) != drawn(2, AwsService.DYNAMODB)


@pytest.mark.parametrize("service", list(AwsService))
def test_every_service_meets_every_fault_and_most_calls_none(service: AwsService) -> None:
    counts = Counter(drawn(3, service))

    assert set(counts) == set(InjectedFault)
    assert counts[InjectedFault.NONE] > CALLS / 3


def test_latency_is_within_the_patience_of_a_client_and_a_stall_beyond() -> None:
    plan = FaultPlan(4, ())
    strikes = [plan.strike(AwsService.REKOGNITION, number) for number in range(CALLS)]

    assert all(s.seconds <= LONGEST_LATENCY_SECONDS for s in strikes if s.fault is InjectedFault.LATE)
    assert all(s.seconds > 10 for s in strikes if s.fault is InjectedFault.STALLED)


def test_there_are_storms_in_which_nearly_everything_fails_alike() -> None:
    faults = drawn(5, AwsService.DYNAMODB)
    rows = [Counter(faults[start : start + 20]) for start in range(0, CALLS, 20)]
    raging = [
        fault
        for row in rows
        for fault, count in row.items()
        if fault is not InjectedFault.NONE and count > 12
    ]

    assert len(raging) > 3


def test_kills_are_as_many_as_ordered_and_leave_time_to_recover() -> None:
    plan = FaultPlan.of(6, kills=20, expected_calls=1000)

    assert len(set(plan.kills)) == 20
    assert min(plan.kills) >= 50
    assert max(plan.kills) < 750


def test_the_script_changes_only_what_was_uploaded_before_and_each_key_once() -> None:
    there: set[str] = set()
    changed: list[str] = []
    for step in (step for wave in script_of(7, 500) for step in wave):
        if step.act in {Act.UPLOAD, Act.FILM, Act.PICTURE}:
            there.add(step.key)
        else:
            assert (step.source or step.key) in there
            changed.append(step.source or step.key)

    assert len(there) == 540
    assert len(changed) == len(set(changed)) == 177
