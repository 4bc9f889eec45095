"""What check-readers holds of shards, lists and the published directory: wids, Hugging Face datasets, open_clip's rule for audio and text,
pandas and duckdb read them as they are.

usage: check_interop.py FOLDER      with shards, runs and published, of 24 training and 8 test clips with labels and captions
"""
import glob, io, json, os, sys
import numpy as np
import soundfile, webdataset

folder = sys.argv[1]
os.environ["HF_HOME"] = f"{folder}/hub"
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import wids

index = wids.ShardListDataset(f"{folder}/shards/train.json", base=f"{folder}/shards", cache_dir=f"{folder}/cache", keep=True)
assert len(index) == 24, len(index)
keys = [index[k]["__key__"] for k in (23, 0, 11)]
assert len(set(keys)) == 3 and index[0][".clip.npy"].shape == (10, 512), index[0].keys()
print("wids reads", len(index), "samples by their numbers")

import datasets

shards = {"train": sorted(glob.glob(f"{folder}/shards/train-*.tar")), "test": sorted(glob.glob(f"{folder}/shards/test-*.tar"))}
loaded = datasets.load_dataset("webdataset", data_files=shards, cache_dir=f"{folder}/hub")
assert {split: len(rows) for split, rows in loaded.items()} == {"train": 24, "test": 8}
loaded = loaded.cast_column("flac", datasets.Audio(decode=False))
row = loaded["test"][0]
sound, rate = soundfile.read(io.BytesIO(row["flac"]["bytes"]), dtype="int16")
assert (rate, len(sound)) == (16000, 160000) and np.asarray(row["clip.npy"]).shape == (10, 512) and row["json"]["id"] == row["__key__"]
streamed = next(iter(datasets.load_dataset("webdataset", data_files=shards, split="train", streaming=True)))
assert streamed["json"]["label"], streamed.keys()
print("Hugging Face datasets", datasets.__version__, "loads and streams the splits")


def open_clip_text(member):
    """open_clip_train/audio_data.py of June 2026, in words: the first of json, txt and cls; of JSON the key `text`, then `caption`; of a list any."""
    text = json.loads(member).get("text", json.loads(member).get("caption", ""))
    return text[0] if isinstance(text, list) and text else text


pairs = webdataset.WebDataset(shards["train"], shardshuffle=False).rename(audio="flac", text="json;txt;cls", keep=False)
texts = [open_clip_text(sample["text"]) for sample in pairs]
assert len(texts) == 24 and all(text.startswith("the sound of ") for text in texts), texts[:3]
print("open_clip's rule for audio and text finds", len(texts), "captions")
try:
    from open_clip_train.audio_data import _extract_caption
except ImportError:
    print("SKIPPED: this open_clip has no audio loader yet; its rule was followed here")
else:
    assert all(_extract_caption(sample["text"]).startswith("the sound of ") for sample in pairs)
    print("open_clip's own loader finds them too")

import duckdb, pandas

clips = pandas.read_csv(f"{folder}/shards/prepared.csv")
assert len(clips) == 33 and clips["start"].dtype.kind in "if" and set(clips["state"]) == {"kept", "left-out"}, clips
assert clips.loc[clips["state"] == "left-out", "reason"].tolist() == ["media.unreadable"]
found = duckdb.sql(f"select split, count(*) as n, max(start) as last from '{folder}/shards/prepared.csv' where state <> 'left-out' group by split order by split")
assert found.fetchall()[0][:2] == ("test", 8) and str(found.types[2]) in ("BIGINT", "DOUBLE"), (found.fetchall(), found.types)
path = glob.glob(f"{folder}/runs/*/evaluation.scores.csv")[0]
scores = pandas.read_csv(path)
assert scores["mean"].dtype.kind == "f" and scores["clips"].dtype.kind == "i" and set(scores["origin"]) >= {"measured", "chance"}, scores
types = dict(zip(*(lambda r: (r.columns, map(str, r.types)))(duckdb.sql(f"select * from '{path}'"))))
assert types["mean"] == "DOUBLE" and types["clips"] == "BIGINT" and types["row"] == "VARCHAR", types
print("pandas", pandas.__version__, "and duckdb", duckdb.__version__, "read both lists with types:", len(clips), "clips,", len(scores), "scores")

import onnxruntime, torch, yaml
from safetensors.torch import load_file

published = f"{folder}/published"
names = set(os.listdir(published))
assert names >= {"README.md", "weights.bin", "model.safetensors", "model.onnx", "run.json", "evaluation.json", "evaluation.csv", ".gitattributes"}, names
text = open(f"{published}/README.md").read()
front = yaml.safe_load(text.split("---")[1])
assert front["license"] == "cc-by-4.0" and front["pipeline_tag"] == "feature-extraction", front
assert "R@5" in text and "chance" in text and "24 train" in text, text
state = torch.load(f"{published}/weights.bin", weights_only=True)
assert all(torch.equal(state[name], value) for name, value in load_file(f"{published}/model.safetensors").items())
onnxruntime.InferenceSession(f"{published}/model.onnx")
print("the published directory holds a card with scores, and weights that load")
