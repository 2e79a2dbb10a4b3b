import pytest

from aws.calls import by_size, in_batches


def test_the_last_batch_is_what_is_left() -> None:
    assert [list(batch) for batch in in_batches(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert list(in_batches([], 2)) == []


@pytest.mark.parametrize(
    ("most", "most_bytes", "batches"),
    [
        (10, 6, [["aaa", "bbb"], ["c", "dddd"]]),
        (10, 5, [["aaa"], ["bbb", "c"], ["dddd"]]),
        (1, 100, [["aaa"], ["bbb"], ["c"], ["dddd"]]),
        (10, 1, [["aaa"], ["bbb"], ["c"], ["dddd"]]),
    ],
)
def test_no_batch_is_over_its_number_or_its_bytes_but_one_of_a_single_element(
    most: int, most_bytes: int, batches: list[list[str]]
) -> None:
    assert list(by_size(["aaa", "bbb", "c", "dddd"], len, most, most_bytes)) == batches
