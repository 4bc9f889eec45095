"""What check-readers holds: `pipeline embed`, the public wav2clip package and ONNX Runtime give the same vectors.

usage: check_embeddings.py make|check FOLDER

make: clips of 1, 5 and 10 s out of the test shards, and `public.pt`: a state dict as PyTorch saves the public classes.
check: compares FOLDER's *.npz, which `pipeline embed` wrote, with the public package and with ONNX Runtime.
"""
import glob, io, sys, tarfile, types
import numpy as np
import onnx, onnxruntime, soundfile, torch

# Of librosa, which is not needed for anything else, the package uses one function; its newer versions refuse how it is called.
librosa = types.ModuleType("librosa")
librosa.util = types.SimpleNamespace(frame=lambda y, length, hop: np.stack(
    [y[..., i * hop:i * hop + length] for i in range(1 + (y.shape[-1] - length) // hop)], axis=-1))
sys.modules["librosa"] = librosa
from wav2clip import embed_audio
from wav2clip.model.encoder import MLPLayers, ResNetExtractor

command, folder = sys.argv[1:]
LIMIT, LENGTHS = 1e-4, (1, 5, 10)


def make():
    import os
    sounds = []
    for path in sorted(glob.glob(f"{folder}/shards/test-*.tar")):
        tar = tarfile.open(path)
        for member in tar:
            if member.name.endswith(".flac"):
                sounds.append(soundfile.read(io.BytesIO(tar.extractfile(member).read()), dtype="int16")[0])
    assert len(sounds) == 8, len(sounds)
    for seconds in LENGTHS:
        os.makedirs(f"{folder}/clips-{seconds}")
        for index, sound in enumerate(sounds):
            soundfile.write(f"{folder}/clips-{seconds}/{index}.wav", sound[:seconds * 16000], 16000, subtype="PCM_16")
    torch.manual_seed(5)
    model = ResNetExtractor(scenario="supervise")
    model.transform = MLPLayers()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    state = model.state_dict()          # an OrderedDict with _metadata, as training code saves it
    torch.save({("audio_" + k): v for k, v in state.items()}, f"{folder}/public.pt")


def error(found, wanted):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    return float((np.linalg.norm(found - wanted, axis=-1) / np.linalg.norm(wanted, axis=-1)).max())


def check():
    torch.set_num_threads(2)
    state = torch.load(f"{folder}/weights.bin", weights_only=True)
    public = torch.load(f"{folder}/public.pt", weights_only=True)
    build = lambda weights, **more: ResNetExtractor(checkpoint=weights, scenario="frozen", transform=True, **more)
    whole, frames, other = build(state), build(state, frame_length=16000, hop_length=16000), build(public)
    for name in ("weights.onnx", "from-public.onnx"):
        onnx.checker.check_model(onnx.load(f"{folder}/{name}"), full_check=True)
    graph = onnxruntime.InferenceSession(f"{folder}/weights.onnx", providers=["CPUExecutionProvider"])
    public_graph = onnxruntime.InferenceSession(f"{folder}/from-public.onnx", providers=["CPUExecutionProvider"])
    worst = {}

    def hold(what, found, wanted, more=0):
        worst[what] = max(worst.get(what, 0), error(found, wanted))
        assert worst[what] <= LIMIT + more, (what, worst[what])

    for seconds in LENGTHS:
        clips = np.stack([soundfile.read(f"{folder}/clips-{seconds}/{i}.wav", dtype="float32")[0] for i in range(8)])
        table = lambda name: np.stack([np.load(f"{folder}/{name}-{seconds}.npz")[str(i)] for i in range(8)])
        embedded, encoded, windows, from_public = map(table, ("clips", "encodings", "windows", "public"))
        hold("the public class, one clip", np.concatenate([embed_audio(clip, whole) for clip in clips]), embedded)
        # The public class normalises over its whole batch: eight times the same clip is a batch that has the clip's own moments,
        # but for the deviation, which it divides by the number of values less one.
        values = 257 * (1 + seconds * 16000 // 353)
        eight = np.concatenate([embed_audio(np.stack([clip] * 8), whole)[:1] for clip in clips])
        hold("the public class, batches of eight", eight, embedded, more=2 / values)
        hold("the public class, windows", np.stack([embed_audio(clip, frames)[0].T for clip in clips]), windows)
        hold("a checkpoint of the public class", np.concatenate([embed_audio(clip, other) for clip in clips]), from_public)
        vectors, encodings = graph.run(["embedding", "encoding"], {"waveform": clips})
        hold("ONNX Runtime, a batch of eight", vectors, embedded)
        hold("ONNX Runtime, before the projection", encodings, encoded)
        single = np.concatenate([graph.run(["embedding"], {"waveform": clip[None]})[0] for clip in clips])
        hold("ONNX Runtime, one clip", single, embedded)
        hold("ONNX Runtime, the public class's weights", public_graph.run(["embedding"], {"waveform": clips})[0], from_public)
    print("torch", torch.__version__, "onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
    for what, value in worst.items():
        print(f"  {what}: {value:.1e} of the norm")


{"make": make, "check": check}[command]()
