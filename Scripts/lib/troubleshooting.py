"""Writes the tables of docs/troubleshooting.md from the lists in the code: every reason (`builtInReasons`), every error code (`Failure`),
and what to do about each: the program's own hint, or the line of remedies.txt.

usage: troubleshooting.py SOURCES PAGE [--update]
Without --update it fails where the page is not what it would write. A code without a remedy always fails.
"""
import pathlib, re, sys

import generated

MARK = "<!-- Written by Scripts/check --update from Sources and Scripts/lib/remedies.txt: do not edit below. -->\n"
LITERAL = re.compile(r'"""(.*?)"""|"((?:[^"\\]|\\\((?:[^()]|\([^()]*\))*\)|\\.)*)"', re.S)
CODE = re.compile(r"[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)*(\.\*)?")


def end_of_call(text, begin):
    """The place of the parenthesis that closes the one before `begin`; those in literals do not count."""
    depth, place = 1, begin
    while depth:
        literal = LITERAL.match(text, place)
        if literal:
            place = literal.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        place += 1
    return place - 1


def split_arguments(text):
    """The arguments of a call, at its outermost commas."""
    parts, depth, begin, place = [], 0, 0, 0
    while place < len(text):
        literal = LITERAL.match(text, place)
        if literal:
            place = literal.end()
            continue
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text[place], 0)
        if text[place] == "," and depth == 0:
            parts.append(text[begin:place])
            begin = place + 1
        place += 1
    return [part.strip() for part in parts + [text[begin:]]]


def words(expression):
    """What a reader sees of an expression's literals; what is filled in is `…`. Of a choice, the first."""
    literal = LITERAL.search(expression or "")
    if not literal:
        return ""
    text = literal.group(1) if literal.group(1) is not None else literal.group(2)
    text = re.sub(r"\\\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)", "…", text)
    return " ".join(text.replace("\\\n", " ").replace('\\"', '"').replace("\\\\", "\\").split())


def failures(sources):
    """code → [(what, hint)] of every `Failure` that is made, in the order of the files."""
    found = {}
    for path in sorted(pathlib.Path(sources).rglob("*.swift")):
        text = path.read_text()
        for call in re.finditer(r"\bFailure\(", text):
            arguments = split_arguments(text[call.end(): end_of_call(text, call.end())])
            code = re.sub(r"\\\((?:[^()]|\([^()]*\))*\)", "*", arguments[0])
            if not (code.startswith('"') and code.endswith('"')):
                constant = re.search(rf'let {re.escape(code)} = "([a-z.-]+)"', text) if code.isidentifier() else None
                if not constant:
                    continue
                code = f'"{constant.group(1)}"'
            code = code.strip('"')
            if not CODE.fullmatch(code) or len(arguments) < 2:
                continue
            hint = next((a.split(":", 1)[1] for a in arguments if re.match(r"hint\s*:", a)), "")
            found.setdefault(code, []).append((words(arguments[1]) if '"' in arguments[1] else "", words(hint)))
    return found


def command_hints(sources):
    """What pipeline/CommandHints.swift adds to failures of modules that know no command."""
    hints = {}
    path = pathlib.Path(sources) / "pipeline/CommandHints.swift"
    text = path.read_text() if path.exists() else ""
    for code, body in re.findall(r'"([a-z.-]+)": \{([^{}]*(?:"[^"]*")[^{}]*)\}', text):
        hints[code] = words(body).replace("…", "DIR")
    return hints


def reasons(sources):
    """(code, whether it leaves out, meaning) of every reason."""
    text = (pathlib.Path(sources) / "Corpus/Verdict.swift").read_text()
    codes = dict(re.findall(r'static let (\w+) = ReasonCode\(rawValue: "([a-z.]+)"\)', text))
    pattern = r'Reason\(\s*code: \.(\w+), effect: \.(\w+),\s*meaning:\s*"((?:[^"\\]|\\.)*)"'
    listed = [(codes[name], effect == "leavesOut", meaning) for name, effect, meaning in re.findall(pattern, text)]
    assert len(listed) == len(codes) > 20, f"{len(listed)} reasons of {len(codes)} are understood"
    for path in sorted(pathlib.Path(sources).rglob("*.swift")):
        for code in re.findall(r'ReasonCode\(rawValue: "([a-z.]+)"\)', path.read_text()):
            if code not in [one[0] for one in listed]:
                listed.append((code, True, "of `embed` and `evaluate`: the audio is too " + code.split(".")[1]))
    return listed


class Remedies:
    def __init__(self, path):
        self.lines, self.used = {}, set()
        for line in pathlib.Path(path).read_text().splitlines():
            if line and not line.startswith("#"):
                code, _, text = line.partition("\t")
                assert text and code not in self.lines, f"{path}: {line}"
                self.lines[code] = text

    def own(self, code):
        if code in self.lines:
            self.used.add(code)
        return self.lines.get(code)

    def family(self, code):
        parts = code.split(".")
        for count in range(len(parts) - 1, 0, -1):
            text = self.own(".".join(parts[:count]) + ".*")
            if text:
                return text
        return None


def cell(text):
    """Text in a table's cell: outside of code, `<` would begin a tag."""
    pieces = text.replace("|", "\\|").split("`")
    return "`".join(piece if k % 2 else piece.replace("<", "&lt;") for k, piece in enumerate(pieces))


def tables(sources):
    remedies = Remedies(pathlib.Path(__file__).parent / "remedies.txt")
    hints, missing, out = command_hints(sources), [], [MARK, "\n## Reasons of clips\n\n"]
    out.append("`pipeline status --quarantine` lists clips with their reasons. Left out or kept: `--keep REASON` and `--leave-out REASON` move a reason across.\n\n")
    out.append("| reason | effect | means | what to do |\n|---|---|---|---|\n")
    for code, leaves_out, meaning in reasons(sources):
        remedy = remedies.own(code)
        if not remedy:
            missing.append(code)
        out.append(f"| `{code}` | {'left out' if leaves_out else 'kept, warned'} | {cell(meaning)} | {cell(remedy or '')} |\n")
    out.append("\n## Error codes\n\nWith `--json` an error is an event with this `code`. `…` stands for what the message fills in.\n\n")
    out.append("| code | says | what to do |\n|---|---|---|\n")
    for code, places in sorted(failures(sources).items()):
        said = list(dict.fromkeys(what for what, _ in places if what))
        hinted = list(dict.fromkeys(hint for _, hint in places if len(hint.replace("…", "").strip()) > 12 and not hint.startswith("did you mean")))
        remedy = remedies.own(code) or "; ".join(hinted) or hints.get(code) or remedies.family(code)
        if not remedy:
            missing.append(code)
        out.append(f"| `{code}` | {cell('; '.join(said[:3])) or 'what the message says'} | {cell(remedy or '')} |\n")
    if missing:
        sys.exit("no remedy in Scripts/lib/remedies.txt for: " + ", ".join(missing))
    return "".join(out), remedies


def main():
    sources, page = sys.argv[1:3]
    written, remedies = tables(sources)
    unused = sorted(code for code in set(remedies.lines) - remedies.used if not code.endswith(".*"))
    if unused:
        sys.exit("remedies.txt has lines that serve no code: " + ", ".join(unused))
    generated.keep(page, MARK, written, "the lists in Sources give")


if __name__ == "__main__":
    main()
