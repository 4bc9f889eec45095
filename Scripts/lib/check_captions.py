"""What check-captions holds: the tokens and scores of made-up sentences, by `pipeline evaluate caption` and by pycocoevalcap.

usage: check_captions.py PIPELINE FOLDER [SHARED]
Tokens are the same, but for one text in a thousand. On the judge's side everything runs from the texts on: BLEU-1 ... 4, ROUGE-L and
CIDEr-D within 1e-9 for texts with the same tokens, 1e-3 for all; METEOR, by the same jar on both sides, within 1e-12.
"""
import csv, gzip, json, os, random, subprocess, sys
import pycocoevalcap
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.meteor.meteor import Meteor
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

PIPELINE, FOLDER, SHARED = sys.argv[1], sys.argv[2], (sys.argv[3:] or [""])[0]
COLUMNS = ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr-D", "METEOR"]
WHO = ["a dog", "two men", "a woman's voice", "the engine of a car", "rain", "someone", "a high-pitched siren", "children", "Mr. X"]
DOES = ["barks", "is talking over a radio", "can't be heard", "runs at 3,000 rpm", "falls on a roof", "laughs, then coughs", "hums"]
WHERE = ["near a road", "in the distance (far away)", "at 5 p.m.", "\"indoors\"", "while it's raining", "& music plays", "...", ""]
ODD = ["café – naïve", "I'd've said so!", "50% of $1.50", "rock'n'roll", "the U.S. Army", "x@y.org", "1/2 a minute", "wanna; gotta", "‘so’ “so”"]


def made(count, seed=17):
    """Items of a candidate and five references; a few candidates are empty, odd, or a reference word for word."""
    draw = random.Random(seed)

    def sentence():
        words = [draw.choice(WHO), draw.choice(DOES), draw.choice(WHERE)]
        if draw.random() < 0.2:
            words.insert(draw.randrange(4), draw.choice(ODD))
        text = " ".join(w for w in words if w)
        return (text[0].upper() + text[1:] if draw.random() < 0.5 else text) + draw.choice([".", "", "!"])

    items = []
    for number in range(count):
        references = [sentence() for _ in range(5)]
        candidate = "" if number % 50 == 7 else references[2] if number % 10 == 3 else sentence()
        items.append((f"clip {number}", candidate, references))
    return items


def golden(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            references = [row[f"reference_{k + 1}"] for k in range(int(row["references"]))]
            yield row["id"], row["candidate"], references


def judge(items):
    """Tokens by text, and by column the corpus value and those of the items."""
    tokenizer = PTBTokenizer()
    words = lambda texts: tokenizer.tokenize({i: [{"caption": t} for t in group] for i, group in enumerate(texts)})
    candidates, references = words([[c] for _, c, _ in items]), words([r for _, _, r in items])
    scores = {}
    bleu, by_item = Bleu(4).compute_score(references, candidates, verbose=0)
    for n in range(4):
        scores[COLUMNS[n]] = (bleu[n], by_item[n])
    scores["ROUGE-L"] = Rouge().compute_score(references, candidates)
    scores["CIDEr-D"] = Cider().compute_score(references, candidates)
    scores["METEOR"] = Meteor().compute_score(references, candidates)
    return [candidates[i][0] for i in range(len(items))], [references[i] for i in range(len(items))], scores


def ours(items, name):
    place = lambda ending: os.path.join(FOLDER, name + ending)
    most = max(len(r) for _, _, r in items)
    with open(place("-references.csv"), "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["id"] + [f"caption_{k + 1}" for k in range(most)])
        out.writerows([i] + r + [""] * (most - len(r)) for i, _, r in items)
    with open(place("-candidates.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": i, "caption": c}) + "\n" for i, c, _ in items)
    jar = os.path.join(list(pycocoevalcap.__path__)[0], "meteor", "meteor-1.5.jar")
    words = ["evaluate", "caption", "--captions", place("-references.csv"), "--candidates", "judged=" + place("-candidates.jsonl")]
    words += ["--seeds", "1", "--meteor-jar", jar, "--save", place("-lines.jsonl"), "--out", place("-scores.json"), "--quiet"]
    subprocess.run([PIPELINE] + words, check=True, stdout=subprocess.DEVNULL)
    record = json.load(open(place("-scores.json")))["evaluations"][0]
    row = next(r for r in record["tables"][0]["rows"] if r["name"] == "judged")
    lines = [json.loads(line) for line in open(place("-lines.jsonl"), encoding="utf-8")]
    return {c: row["scores"][c]["mean"] for c in COLUMNS}, {l["id"]: l for l in lines if l["row"] == "judged"}


def check(items, name):
    candidates, references, scores = judge(items)
    corpus, lines = ours(items, name)
    assert list(lines) == [i for i, _, _ in items], f"{name}: other clips than were given"
    differing, worst, same = [], dict.fromkeys(COLUMNS, 0.0), True
    for number, (clip, text, _) in enumerate(items):
        words = " ".join(lines[clip]["words"])
        if words != candidates[number]:
            differing.append((text, candidates[number], words))
    for column in COLUMNS:
        total, values = scores[column]
        for number, (clip, _, _) in enumerate(items):
            line = lines[clip]
            found = {"ROUGE-L": line["rougeL"], "CIDEr-D": line["ciderD"], "METEOR": line["meteor"]}
            value = found[column] if column in found else line["bleu"][int(column[-1]) - 1]
            worst[column] = max(worst[column], abs(value - values[number]))
        worst[column] = max(worst[column], abs(corpus[column] - total))
    for text, theirs, found in differing:
        print(f"  {text!r}\n    theirs {theirs}\n    ours   {found}")
    same = not differing
    assert len(differing) * 1000 <= len(items), f"{name}: {len(differing)} of {len(items)} texts have other tokens"
    for column, value in worst.items():
        limit = (1e-12 if column == "METEOR" else 1e-9) if same else 1e-3
        assert value <= limit, f"{name}, {column}: {value} from the judge's"
    print(f"{name}: {len(items)} items, {len(differing)} with other tokens; largest difference of a value " +
          ", ".join(f"{c} {v:.0e}" for c, v in worst.items()))


check(made(200), "made sentences")
inputs = os.path.join(SHARED, "golden", "captions", "inputs")
if SHARED and os.path.isdir(inputs):
    for name in ("aac-example-1", "aac-example-2", "audiocaps-test"):
        check(list(golden(os.path.join(inputs, name + ".csv.gz"))), name)
