"""What check-readers holds: every shard member decodes, every weights file loads with the same tensors."""
import io, json, sys, tarfile
import numpy as np
import soundfile, torch, webdataset
from safetensors.torch import load_file

folder = sys.argv[1]
counts = {}
for split, wanted in (("train", 24), ("test", 8)):
    sizes = json.load(open(f"{folder}/shards/sizes.json"))
    paths = [f"{folder}/shards/{name}" for name in sorted(sizes) if name.startswith(split)]
    data = webdataset.WebDataset(paths, shardshuffle=False).decode()
    seen = 0
    for sample in data:
        rows = sample["clip.npy"]
        assert rows.shape == (10, 512) and rows.dtype == np.float16 and np.isfinite(rows.astype(np.float32)).all(), rows.shape
        flac = sample["flac"]
        sound, rate = soundfile.read(io.BytesIO(flac), dtype="int16") if isinstance(flac, bytes) else (np.asarray(flac[0]).ravel(), flac[1])
        assert rate == 16000 and len(sound) == 160000, (rate, len(sound))
        assert np.abs(sound).max() > 0
        assert sample["json"]["id"] == sample["__key__"] and len(sample["json"]["vectors"]["times"]) == 10
        seen += 1
    assert seen == wanted, (split, seen, wanted)
    counts[split] = seen
    for path in paths:
        for member in tarfile.open(path):
            assert (member.mode, member.mtime, member.uid, member.gid) == (0o444, 0, 0, 0) and not member.pax_headers, member
print("webdataset, soundfile and tarfile read every member:", counts)

state = torch.load(f"{folder}/weights.bin", weights_only=True)
other = torch.load(f"{folder}/weights.pt", weights_only=True)
third = load_file(f"{folder}/weights.safetensors")
assert list(state) == list(other) and set(state) == set(third), "the same names"
assert all(torch.equal(state[k], other[k]) and torch.equal(state[k], third[k]) for k in state), "the same values"
print("torch", torch.__version__, "and safetensors load", len(state), "tensors, all equal")

half, halved = load_file(f"{folder}/half.safetensors"), torch.load(f"{folder}/half.pt", weights_only=True)
for name, tensor in state.items():
    weight = tensor.is_floating_point() and "running_" not in name and not name.endswith("window")
    wanted = tensor.half() if weight else tensor
    assert torch.equal(half[name], wanted) and torch.equal(halved[name], wanted), name
print("float16 weights are the float32 ones, rounded")
