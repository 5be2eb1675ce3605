"""Print what TensorBoard finds in a log directory, as one JSON object.

    python read_back.py DIRECTORY

Maps each run to its tags, and each tag to the plugin it is for and its events, as TensorBoard's
loader in Python has them. Its default loader, a server that takes less than that one, must have the
same. NaN and infinities are strings, since JSON has neither.
"""

import io
import json
import math
import sys
import time

import numpy as np
from google.protobuf import json_format
from PIL import Image
from tensorboard import context
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.data import server_ingester
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.hparams import plugin_data_pb2 as hparams_data
from tensorboard.plugins.pr_curve import metadata as pr_metadata
from tensorboard.util import grpc_util
from tensorboard.util import tensor_util


def number(value):
    """A number that JSON can hold."""
    return value if math.isfinite(value) else str(value)


def image(strings):
    """The size that is stated and the picture itself, decoded; of a large one, how many colours."""
    width, height, png = strings
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    pixels = [list(pixel) for pixel in picture.getdata()]
    seen = {"stated": [int(width), int(height)], "size": picture.size}
    if len(pixels) > 100:
        return seen | {"colours": len(set(map(tuple, pixels)))}
    return seen | {"pixels": pixels}


def hparams(content):
    """What is in the metadata of the hparams plugin."""
    data = hparams_data.HParamsPluginData.FromString(content)
    assert data.version == hparams_metadata.PLUGIN_DATA_VERSION
    return json_format.MessageToDict(data)


def value(plugin, content, array):
    """The value of one event, by its plugin."""
    if plugin == "scalars":
        return number(array.item())
    if plugin == "text":
        return array.item().decode()
    if plugin == "images":
        return image(array.tolist())
    if plugin == "pr_curves":
        thresholds = pr_metadata.parse_plugin_metadata(content).num_thresholds
        assert array.dtype == np.float32
        return {"thresholds": thresholds, "shape": array.shape, "rows": array.tolist()}
    if plugin == "hparams":
        return hparams(content)
    raise ValueError(f"unexpected plugin {plugin}")


def default_loader(directory, tags):
    """Run, tag, step, and the value if a number, as the default loader has them once it has so many
    tags; after half a minute, what it has by then."""
    ingester = server_ingester.SubprocessServerDataIngester(
        server_binary=server_ingester.get_server_binary(),
        logdir=directory,
        reload_interval=1,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
        samples_per_plugin={"scalars": 0},
    )
    ingester.start()
    provider = ingester.data_provider
    args = {"experiment_id": "", "downsample": 10**6}
    for _ in range(60):
        found = set()
        for plugin, read in [
            ("scalars", provider.read_scalars),
            ("text", provider.read_tensors),
            ("pr_curves", provider.read_tensors),
            ("images", provider.read_blob_sequences),
        ]:
            series = read(context.RequestContext(), plugin_name=plugin, **args)
            for run, by_tag in series.items():
                for tag, data in by_tag.items():
                    for datum in data:
                        number = str(datum.value) if plugin == "scalars" else None
                        found.add((run, tag, datum.step, number))
        if len({(run, tag) for run, tag, _, _ in found}) >= tags:
            break
        time.sleep(0.5)
    return found


def main(directory):
    multiplexer = plugin_event_multiplexer.EventMultiplexer(
        size_guidance={event_accumulator.TENSORS: 0},
        tensor_size_guidance={p: 0 for p in ["scalars", "text", "images", "pr_curves"]},
    )
    multiplexer.AddRunsFromDirectory(directory)
    multiplexer.Reload()
    runs = {}
    for run, tags in multiplexer.Runs().items():
        found = runs.setdefault(run, {})
        for tag in tags["tensors"]:
            metadata = multiplexer.SummaryMetadata(run, tag)
            plugin = metadata.plugin_data.plugin_name
            content = metadata.plugin_data.content
            events = [
                {
                    "step": event.step,
                    "value": value(
                        plugin, content, tensor_util.make_ndarray(event.tensor_proto)
                    ),
                }
                for event in multiplexer.Tensors(run, tag)
            ]
            found[tag] = {"plugin": plugin, "events": events}
    events = {
        (run, tag, event["step"], str(float(event["value"])) if scalar else None)
        for run, tags in runs.items()
        for tag, found in tags.items()
        if found["plugin"] != "hparams"
        for scalar in [found["plugin"] == "scalars"]
        for event in found["events"]
    }
    by_default = default_loader(directory, len({event[:2] for event in events}))
    if by_default != events:
        sys.exit(f"the default loader differs: {sorted(map(str, by_default ^ events))[:9]}")
    json.dump(runs, sys.stdout, allow_nan=False)


if __name__ == "__main__":
    main(sys.argv[1])
