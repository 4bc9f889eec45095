"""Holds `pipeline embed --clip` against OpenAI's own CLIP code (clip-anytorch) in double precision, with random scaled weights.

usage: check_clip.py CLIP_PACKAGE PIPELINE FOLDER SIZE [--activation gelu|quick-gelu]
SIZE: small, ViT-B-32 or ViT-L-14. Writes a model, pictures and texts to FOLDER, embeds them with both, and compares row by row.
"""
import argparse, importlib.util, json, os, subprocess, sys
import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

SIZES = {  # embedding, image, layers, width, patch, context, vocabulary, text width, text heads, text layers
    "small": (48, 64, 3, 128, 16, 77, 49408, 64, 1, 3),
    "ViT-B-32": (512, 224, 12, 768, 32, 77, 49408, 512, 8, 12),
    "ViT-L-14": (768, 224, 24, 1024, 14, 77, 49408, 768, 12, 12),
}
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
TEXTS = ["a dog is barking", "rain on a roof", "It's a man's voice, 44,100 Hz!", "", "thunder " * 90, "Ünder wåter öcean &amp; birds"]
MOST = 1e-4


def module(folder, name):
    spec = importlib.util.spec_from_file_location(name, f"{folder}/{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def model(code, size, activation):
    if activation == "gelu": code.QuickGELU.forward = lambda self, x: torch.nn.functional.gelu(x)
    torch.manual_seed(7)
    made = code.CLIP(*SIZES[size]).float().eval()
    with torch.no_grad():
        for name, values in made.named_parameters():
            # As it begins, attention is flat and biases are zero: mistakes would hide.
            if name.endswith("in_proj_weight"): values.mul_(4 if size == "small" else 2)
            elif name.endswith(("bias", "ln_1.weight", "ln_2.weight")): values.add_(0.1 * torch.randn_like(values))
    return made


def prepared(picture, side):
    short, long = min(picture.size), max(picture.size)
    longer = int(side * long / short)
    picture = picture.resize((side, longer) if picture.width <= picture.height else (longer, side), Image.BICUBIC)
    x, y = round((picture.width - side) / 2), round((picture.height - side) / 2)
    values = np.asarray(picture.crop((x, y, x + side, y + side)), dtype=np.float32) / 255
    return torch.from_numpy((values - np.float32(MEAN)) / np.float32(DEVIATION)).permute(2, 0, 1)


def tokens(tokenizer, text):
    row = torch.zeros(77, dtype=torch.long)
    ids = [49406, *tokenizer.encode(text)[:75], 49407]
    row[: len(ids)] = torch.tensor(ids)
    return row


def write(folder, made, size, activation):
    os.makedirs(f"{folder}/model", exist_ok=True)
    save_file({k: v.contiguous() for k, v in made.state_dict().items()}, f"{folder}/model/open_clip_model.safetensors")
    embedding, image, layers, width, patch, context, vocabulary, text_width, heads, text_layers = SIZES[size]
    configuration = {"model_cfg": {
        "embed_dim": embedding, "quick_gelu": activation == "quick-gelu",
        "vision_cfg": {"image_size": image, "layers": layers, "width": width, "patch_size": patch},
        "text_cfg": {"context_length": context, "vocab_size": vocabulary, "width": text_width, "heads": heads, "layers": text_layers}}}
    with open(f"{folder}/model/open_clip_config.json", "w") as file: json.dump(configuration, file)
    os.makedirs(f"{folder}/pictures", exist_ok=True)
    draw, pictures = np.random.default_rng(3), []
    for k, (w, h) in enumerate([(300, 200), (224, 224), (97, 181), (640, 360), (33, 57)]):
        coarse = Image.fromarray(draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((w, h), Image.BICUBIC)
        noise = draw.integers(-20, 21, (h, w, 3))
        pictures.append(Image.fromarray(np.clip(np.asarray(coarse).astype(int) + noise, 0, 255).astype(np.uint8)))
        pictures[-1].save(f"{folder}/pictures/{k}.png")
    with open(f"{folder}/texts", "w") as file: file.writelines(f"{k}\t{text}\n" for k, text in enumerate(TEXTS))
    return pictures


def exact(code, made, encode, inputs):
    """In double precision, and how far single precision is from it."""
    with torch.no_grad():
        single = encode(made, inputs).double().numpy()
        plain, code.LayerNorm.forward = code.LayerNorm.forward, nn_layer_norm
        double = encode(made.double(), inputs.double() if inputs.is_floating_point() else inputs).numpy()
        code.LayerNorm.forward = plain
        made.float()
    return double, (np.linalg.norm(single - double, axis=1) / np.linalg.norm(double, axis=1)).max()


def nn_layer_norm(self, x): return torch.nn.LayerNorm.forward(self, x)


def compare(what, path, expected, own):
    found = np.load(path).astype(np.float64)
    assert found.shape == expected.shape, (what, found.shape, expected.shape)
    errors = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
    spread = np.linalg.norm(expected - expected.mean(0), axis=1).mean() / np.linalg.norm(expected, axis=1).mean()
    print(f"{what}: {len(found)} vectors of {found.shape[1]}, largest error {errors.max():.2e} of the norm, PyTorch's own {own:.2e} (they differ from one another by {spread:.2f})")
    if errors.max() > MOST: sys.exit(f"{what}: more than {MOST}")
    if spread < 0.01: sys.exit(f"{what}: the vectors are all the same, so nothing was shown")


def main():
    words = argparse.ArgumentParser()
    for name in ("package", "pipeline", "folder", "size"): words.add_argument(name)
    words.add_argument("--activation", default="quick-gelu")
    options = words.parse_args()
    code, size = module(options.package, "model"), options.size
    made = model(code, size, options.activation)
    pictures = write(options.folder, made, size, options.activation)
    tokenizer = module(options.package, "simple_tokenizer").SimpleTokenizer(f"{options.package}/bpe_simple_vocab_16e6.txt.gz")
    image = exact(code, made, lambda m, x: m.encode_image(x), torch.stack([prepared(p, SIZES[size][1]) for p in pictures]))
    text = exact(code, made, lambda m, x: m.encode_text(x), torch.stack([tokens(tokenizer, t) for t in TEXTS]))
    common = [options.pipeline, "embed", "--quiet", "--clip", f"{options.folder}/model"]
    subprocess.run([*common, "--images", f"{options.folder}/pictures", "--out", f"{options.folder}/image.npy"], check=True)
    subprocess.run(
        [*common, "--texts", f"{options.folder}/texts", "--tokenizer", f"{options.package}/bpe_simple_vocab_16e6.txt.gz", "--out", f"{options.folder}/text.npy"],
        check=True)
    compare(f"{size} {options.activation}, pictures", f"{options.folder}/image.npy", *image)
    compare(f"{size} {options.activation}, texts", f"{options.folder}/text.npy", *text)


main()
