"""What check-scores holds: each saved evaluation, computed again with scikit-learn or by brute force.

The linear probe's accuracy within 2 points of scikit-learn's logistic regression with the same C on the same folds; mAP, AUC,
MRR, R@k and class mAP to 1e-6.
"""
import json, statistics, sys, warnings
import numpy as np
from safetensors import safe_open
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore", "The number of unique classes")
NEAR = 1e-6
checks = 0


def same(name, found, expected, tolerance=NEAR):
    global checks
    checks += 1
    assert abs(found - expected) <= tolerance, f"{name}: {found} instead of {expected}"


def classify(file, record):
    names, parts = json.loads(file.metadata()["classes"]), json.loads(file.metadata()["partitions"])
    targets = file.get_tensor("targets")
    single = (targets.sum(1) == 1).all()
    row_of = {row["name"]: row for row in record["tables"][0]["rows"]}
    places = {}
    for key in (k for k in file.keys() if k.startswith("scores/")):
        _, row, fold, seed = key.rsplit("/", 3) if key.count("/") == 3 else ("", *key[7:].rsplit("/", 2))
        places.setdefault(row, []).append((fold, int(seed), key))
    order = {part["name"]: i for i, part in reversed(list(enumerate(parts)))}
    for row, found in places.items():
        values = {"mAP": [], "AUC": [], "accuracy": []}
        for fold, seed, key in sorted(found, key=lambda f: (order[f[0]], f[1])):
            part = next(p for p in parts if p["name"] == fold and p["seed"] == min(seed, max(q["seed"] for q in parts)))
            y, scores = targets[part["test"]], file.get_tensor(key)
            both = [c for c in range(len(names)) if 0 < y[:, c].sum() < len(y)]
            some = [c for c in range(len(names)) if y[:, c].sum() > 0]
            values["mAP"].append(np.mean([average_precision_score(y[:, c], scores[:, c]) for c in some]))
            values["AUC"].append(np.mean([roc_auc_score(y[:, c], scores[:, c]) for c in both]))
            if single:
                values["accuracy"].append((scores.argmax(1) == y.argmax(1)).mean())
        for name, expected in values.items():
            for a, b in zip(row_of[row]["scores"][name]["values"] if expected else [], expected):
                same(f"{row}, {name}", a, b)
        print(f"{row}: mAP and AUC are scikit-learn's on {len(found)} sets of scores")
    for row in places:
        if row.endswith(", linear"):
            linear(file, row, row_of[row], parts, targets, single, places[row])


def linear(file, row, told, parts, targets, single, found):
    """The same regression fitted by scikit-learn, with the strength that the validation share chose."""
    base, differences, accuracies = row.rsplit(", ", 1)[0], [], []
    seeds = sorted(int(k.rsplit("/", 1)[1]) for k in file.keys() if k.startswith(f"features/{base}/"))
    for fold, seed, key in found:
        part = next(p for p in parts if p["name"] == fold and p["seed"] == seed)
        x = file.get_tensor(f"features/{base}/{min(seed, seeds[-1])}").astype(np.float64)
        train, test = part["fit"] + part["validation"], part["test"]
        scale = StandardScaler().fit(x[train])
        model = LogisticRegression(C=told["choices"][f"fold {fold}, seed {seed}"], max_iter=5000, tol=1e-6)
        scores = file.get_tensor(key)
        if single:
            model.fit(scale.transform(x[train]), targets[train].argmax(1))
            known = model.predict(scale.transform(x[test])) == targets[test].argmax(1)
            accuracies.append(known.mean())
            differences.append((scores.argmax(1) == targets[test].argmax(1)).mean() - known.mean())
        else:
            model = OneVsRestClassifier(model).fit(scale.transform(x[train]), targets[train])
            y = targets[test]
            some = [c for c in range(y.shape[1]) if y[:, c].sum() > 0]
            theirs = model.decision_function(scale.transform(x[test]))
            mean = lambda s: np.mean([average_precision_score(y[:, c], s[:, c]) for c in some])
            accuracies.append(mean(theirs))
            differences.append(mean(scores) - mean(theirs))
    for difference in differences:
        same(f"{row} against scikit-learn's regression", difference, 0, 0.02)
    print(f"{row}: scikit-learn's logistic regression {statistics.mean(accuracies):.4f}, "
          f"largest difference {max(map(abs, differences)):.4f}")


def retrieve(file, record):
    unit = lambda a: (lambda x: x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))(a.astype(np.float64))
    audio, image = unit(file.get_tensor("audio")), unit(file.get_tensor("image"))
    labels = json.loads(file.metadata()["labels"]) if "labels" in file.metadata() else None
    rows = {row["name"]: row["scores"] for row in record["tables"][0]["rows"]}

    def check(name, queries, gallery, own, relevant):
        order = np.argsort(-(queries @ gallery.T), axis=1, kind="stable")
        hits = np.take_along_axis(relevant, order, 1) if relevant is not None else None
        first = (order == own[:, None]).argmax(1) + 1 if own is not None else hits.argmax(1) + 1
        for k in (1, 5, 10):
            same(f"{name}, R@{k}", rows[name][f"R@{k}"]["mean"], (first <= k).mean())
        same(f"{name}, MRR", rows[name]["MRR"]["mean"], (1 / first).mean())
        same(f"{name}, median rank", rows[name]["median rank"]["mean"], np.median(first))
        if hits is not None:
            precision = hits.cumsum(1) / np.arange(1, hits.shape[1] + 1)
            mean = ((precision * hits).sum(1) / np.maximum(1, hits.sum(1))).mean()
            same(f"{name}, class mAP", rows[name]["class mAP"]["mean"], mean)
        print(f"{name}: R@k, MRR, median rank and class mAP are those of brute force on {len(queries)} queries")

    own = np.arange(len(audio))
    match = np.array([[a == b for b in labels] for a in labels]) if labels else None
    check("audio → image", audio, image, own, match)
    check("image → audio", image, audio, own, match)
    if "text → audio" in rows:
        text, words = unit(file.get_tensor("text")), json.loads(file.metadata()["text"])
        relevant = np.array([[a == b for b in labels] for a in words])
        check("text → audio", text, audio, None, relevant)
        known = [i for i, label in enumerate(labels) if label in words]
        check("audio → text", audio[known], text, None, relevant.T[known])


for path, told in zip(sys.argv[1::2], sys.argv[2::2]):
    with safe_open(path, "np") as file:
        kind = "retrieve" if "audio" in file.keys() else "classify"
        record = next(r for r in json.load(open(told))["evaluations"] if r["kind"] == kind)
        (retrieve if kind == "retrieve" else classify)(file, record)
print(f"all {checks} figures agree")
