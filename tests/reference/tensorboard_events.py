"""The bytes of EventFileTest, as TensorBoard itself writes them, and a reader of a run's events.

    pip install tensorboard==2.20.0
    python tensorboard_events.py              # prints the golden bytes in hexadecimal
    python tensorboard_events.py RUN_FOLDER   # prints tag, step and value of every scalar that TensorBoard finds there
"""

import io
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter


class Buffer(io.BytesIO):
    def close(self):
        """Keeps the bytes."""


def golden():
    buffer = Buffer()
    writer = RecordWriter(buffer)
    writer.write(Event(wall_time=1750000000.25, file_version="brain.Event:2").SerializeToString())
    event = Event(wall_time=1750000001.5, step=300)
    tag = "stage_1_caption_contrast"
    event.summary.value.add(tag=tag + "/loss", simple_value=2.5)
    event.summary.value.add(tag=tag + "/loss/long_to_long", simple_value=2.5)
    event.summary.value.add(tag=tag + "/learning_rate", simple_value=0.003)
    writer.write(event.SerializeToString())
    return buffer.getvalue().hex()


def scalars(folder):
    events = EventAccumulator(folder, size_guidance={"scalars": 0})
    events.Reload()
    for tag in events.Tags()["scalars"]:
        for scalar in events.Scalars(tag):
            print(tag, scalar.step, scalar.value)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        scalars(sys.argv[1])
    else:
        print(golden())
