"""What check-readers holds: `pipeline embed`, the public wav2clip package and ONNX Runtime give the same vectors.

usage: check_embeddings.py make|check|deep FOLDER

make: clips of 1, 5 and 10 s out of the test shards, `public.pt`: a state dict as PyTorch saves the public classes, and a teacher of
768 numbers: `wide/` with a file a clip, `wide-classes.npy` with one vector a label.
check: compares FOLDER's *.npz, which `pipeline embed` wrote, with the public package and with ONNX Runtime.
deep: the same for the weights deep.*, a ResNet-34 whose projection goes to 768 numbers.
"""
import csv, glob, io, json, os, sys, tarfile, types
import numpy as np
import onnx, onnxruntime, soundfile, torch

# Of librosa, which is not needed for anything else, the package uses one function; its newer versions refuse how it is called.
librosa = types.ModuleType("librosa")
librosa.util = types.SimpleNamespace(frame=lambda y, length, hop: np.stack(
    [y[..., i * hop:i * hop + length] for i in range(1 + (y.shape[-1] - length) // hop)], axis=-1))
sys.modules["librosa"] = librosa
from wav2clip import embed_audio
from wav2clip.model.encoder import MLPLayers, ResNetExtractor
from wav2clip.model.resnet import BasicBlock, ResNet

command, folder = sys.argv[1:]
LIMIT, LENGTHS = 1e-4, (1, 5, 10)


def make():
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
    make_wide()


def make_wide():
    widen = np.random.default_rng(1).standard_normal((512, 768)).astype(np.float32)
    os.makedirs(f"{folder}/wide")
    rows = {}
    for path in sorted(glob.glob(f"{folder}/embeddings/*.npy")):
        wide = np.load(path).astype(np.float32) @ widen
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
        np.save(f"{folder}/wide/{os.path.basename(path)}", wide)
        rows[os.path.basename(path)[:-4]] = wide.mean(axis=0)
    about = json.load(open(f"{folder}/embeddings/embeddings.json"))
    json.dump({**about, "dim": 768, "model": "wide stand-in"}, open(f"{folder}/wide/embeddings.json", "w"))
    classes = {}
    for line in csv.reader(open(f"{folder}/labels.csv")):
        key = next((k for k in (line[0], f"{line[0]}_{int(line[1]):06d}") if k in rows), None) if line[1].isdigit() else None
        if key: classes.setdefault(line[2], []).append(rows[key])
    np.save(f"{folder}/wide-classes.npy", np.stack([np.mean(classes[name], axis=0) for name in sorted(classes)]).astype(np.float32))
    json.dump(sorted(classes), open(f"{folder}/wide-classes.json", "w"))


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


def deep():
    torch.set_num_threads(2)
    state = torch.load(f"{folder}/deep.bin", weights_only=True)
    part = lambda name: {key.split(".", 1)[1]: value for key, value in state.items() if key.startswith(name + ".")}
    model = ResNetExtractor(scenario="supervise")
    model.scenario = "frozen"
    model.encoder = ResNet(BasicBlock, [3, 4, 6, 3], pool="avgpool", zero_init_residual=False, groups=1, width_per_group=64,
                           replace_stride_with_dilation=None, norm_layer=None)
    model.encoder.load_state_dict(part("audio_encoder"))
    last = part("audio_transform")["sequential.3.weight"].shape
    assert tuple(last) == (768, last[1]), last
    model.transform = MLPLayers(units=[512, last[1], 768])
    model.transform.load_state_dict(part("audio_transform"))
    model.eval()
    clips = np.stack([soundfile.read(f"{folder}/clips-10/{i}.wav", dtype="float32")[0] for i in range(8)])
    found = {end: np.stack([np.load(f"{folder}/deep-{end}.npz")[str(i)] for i in range(8)]) for end in ("bin", "pt", "safetensors", "onnx")}
    assert found["bin"].shape == (8, 768), found["bin"].shape
    assert all((vectors == found["bin"]).all() for vectors in found.values()), "the same weights in each format give the same vectors"
    with torch.no_grad():
        wanted = np.concatenate([embed_audio(clip, model) for clip in clips])
    onnx.checker.check_model(onnx.load(f"{folder}/deep.onnx"), full_check=True)
    graph = onnxruntime.InferenceSession(f"{folder}/deep.onnx", providers=["CPUExecutionProvider"])
    run = graph.run(["embedding"], {"waveform": clips})[0]
    print("ResNet-34 to 768 numbers, eight clips of 10 s, four formats alike:")
    for name, other in (("torch", wanted), ("ONNX Runtime", run)):
        value = error(other, found["bin"])
        print(f"  {name}: {value:.1e} of the norm")
        assert value <= 1e-5, (name, value)


{"make": make, "check": check, "deep": deep}[command]()
