from loadtest.simulation.clock import START, Clock, VirtualExecutor


def test_strands_go_on_in_order_of_time_and_no_time_passes_while_they_work() -> None:
    clock, seen = Clock(), list[tuple[str, float]]()

    def strand(name: str, seconds: float) -> None:
        clock.sleep(seconds)
        seen.append((name, clock.seconds))
        clock.sleep(2)
        seen.append((name, clock.seconds))

    clock.start(lambda: strand("late", 3))
    clock.start(lambda: strand("early", 1))
    clock.run(10)
    assert seen == [("early", 1), ("late", 3), ("early", 3), ("late", 5)]
    assert clock.now() == START + 10


def test_a_killed_strand_does_nothing_more_and_neither_do_its_parts() -> None:
    clock, done = Clock(), list[str]()
    executor = VirtualExecutor(clock, 2)

    def task(name: str) -> None:
        clock.sleep(5)
        done.append(name)

    def work() -> None:
        executor.owner = clock.strand()
        list(executor.map(task, ["a", "b"]))
        done.append("all")

    strand = clock.start(work)
    clock.at(4, strand.kill)
    clock.run(20)
    assert done == []
    assert strand.ended


def test_the_executor_does_as_many_tasks_at_once_as_it_has_threads_and_keeps_their_order() -> None:
    clock, results = Clock(), list[tuple[int, float]]()
    executor = VirtualExecutor(clock, 2)

    def task(number: int) -> tuple[int, float]:
        clock.sleep(10 - number)
        return number, clock.seconds

    clock.start(lambda: results.extend(executor.map(task, [1, 2, 3])))
    clock.run(60)
    assert results == [(1, 9), (2, 8), (3, 15)]


def test_what_a_task_raises_is_raised_where_its_result_is_asked_for() -> None:
    clock, caught = Clock(), list[str]()

    def fail() -> None:
        clock.sleep(1)
        raise ValueError("no")

    def ask() -> None:
        try:
            VirtualExecutor(clock, 1).submit(fail).result()
        except ValueError as fault:
            caught.append(f"{fault} after {clock.seconds}")

    clock.start(ask)
    clock.run(5)
    assert caught == ["no after 1.0"]


def test_a_result_that_is_there_already_is_not_waited_for() -> None:
    clock, seen = Clock(), list[float]()
    executor = VirtualExecutor(clock, 1)

    def ask() -> None:
        future = executor.submit(lambda: 7)
        clock.sleep(3)
        assert future.result() == 7
        seen.append(clock.seconds)

    clock.start(ask)
    clock.run(5)
    assert seen == [3]
