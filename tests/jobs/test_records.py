import json
from fractions import Fraction
from types import SimpleNamespace

import pytest

from stvsr.errors import StvsrError
from stvsr.jobs.records import ShrinkRecord, describe_kernel
from stvsr.physics.kernels import from_array
from stvsr.physics.operator import SpaceTimeOperator
from stvsr.physics.scale import Scale

TIMES = [Fraction(0), Fraction(1, 24), Fraction(1, 8)]


@pytest.fixture
def record():
    return ShrinkRecord(
        model="staa-2t4s-compact",
        weights="0f" * 32,
        scale="2t4s",
        width=37,
        height=31,
        frames=3,
        rate=Fraction(24000, 1001),
        times={},
        sample_aspect=Fraction(16, 15),
        source={"codec": "h264"},
        kernel={"origin": [0, 0, 0], "shape": [1, 1, 1, 1], "taps": [1.0]},
    ).with_times(TIMES)


def test_a_record_survives_its_json_and_keeps_to_one_line(record):
    text = record.to_json()
    assert "\n" not in text
    assert ShrinkRecord.from_json(text) == record
    assert ShrinkRecord.from_json(text).frame_times() == TIMES


def test_a_record_is_found_whatever_the_container_does_to_its_name(record):
    assert ShrinkRecord.find({"title": "x", "stvsr": record.to_json()}) == record
    assert ShrinkRecord.find({"title": "x"}) is None
    assert ShrinkRecord.find({"stvsr": ""}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"height": "6\n4"},
        {"frames": "three"},
        {"rate": "0"},
        {"rate": "1/0"},
        {"model": None},
        {"times": "soon"},
        {"version": "x"},
    ],
    ids=str,
)
def test_a_damaged_record_is_one_clear_line(record, change):
    text = json.dumps(json.loads(record.to_json()) | change)
    with pytest.raises(StvsrError, match=r"metadata is damaged .* shrink the original again") as raised:
        ShrinkRecord.from_json(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "nonsense", '{"version": 1}'])
def test_what_is_no_record_is_one_clear_line(text):
    with pytest.raises(StvsrError, match="metadata is damaged"):
        ShrinkRecord.from_json(text)


def test_a_record_of_a_later_version_says_to_update(record):
    text = json.dumps(json.loads(record.to_json()) | {"version": 99})
    with pytest.raises(StvsrError, match="update stvsr"):
        ShrinkRecord.from_json(text)


def test_damaged_times_are_one_clear_line(record):
    fields = json.loads(record.to_json())
    fields["times"]["deltas"] = "AAAA"
    with pytest.raises(StvsrError, match="metadata is damaged"):
        ShrinkRecord.from_json(json.dumps(fields)).frame_times()


def test_a_kernel_is_described_by_its_numbers():
    kernel = from_array([[[0.25, 0.75]], [[1 / 3, 2 / 3]]], (0, -1, 2))
    described = describe_kernel(SimpleNamespace(operator=SpaceTimeOperator(kernel, Scale.of(2, 1))))
    assert described["origin"] == [0, -1, 2]
    assert described["shape"] == [1, 2, 1, 2]
    assert described["taps"] == pytest.approx([0.25, 0.75, 1 / 3, 2 / 3], abs=1e-6)


def test_a_model_without_a_fixed_kernel_is_described_by_nothing():
    class Adaptive:
        @property
        def operator(self):
            raise StvsrError("differs from place to place")

    assert describe_kernel(Adaptive()) == {}
