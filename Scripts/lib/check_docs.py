"""What README and docs promise: links resolve, and every command, flag, key, reason, error code and exit status has its place there.

usage: pipeline --experimental-dump-help | check_docs.py        in the project's directory
"""
import json, pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import command_pages, troubleshooting

PAGES = [pathlib.Path(name) for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted(pathlib.Path("docs").glob("*.md")) + sorted(pathlib.Path().glob("*/README.md")) + sorted(pathlib.Path("Scripts").rglob("*.md"))
problems = []


def anchors(path):
    """The names that GitHub gives a page's headings."""
    found = set()
    for heading in re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?ms)^```.*?^```", "", path.read_text())):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


def check_links(path):
    text = re.sub(r"(?ms)^```.*?^```", "", path.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name) if name else path
        if not there.exists():
            problems.append(f"{path}: {target} is not there")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there):
            problems.append(f"{path}: {target}: no such heading")


def main():
    root = json.load(sys.stdin)["command"]
    for path in dict.fromkeys(PAGES):
        check_links(path)
    docs = {path: path.read_text() for path in PAGES if path.parent.name == "docs" or path.name == "README.md"}
    whole = "\n".join(docs.values())
    reference = docs[pathlib.Path("docs/commands.md")]
    linked = pathlib.Path("README.md").read_text()
    for path in docs:
        if path.parent.name == "docs" and path.name not in linked:
            problems.append(f"README.md names no page {path}")

    for words, command in command_pages.walk([root["commandName"]], root):
        call = " ".join(words)
        if call not in whole:
            problems.append(f"no page names the command {call}")
        section = re.search(rf"(?ms)^## {re.escape(call)}$(.*?)(?=^## |\Z)", reference)
        common = re.search(r"(?ms)^## Options of every command$(.*?)(?=^## |\Z)", reference)
        for argument in command_pages.shown(command):
            for name in command_pages.names(argument):
                pattern = rf"`(?:[^`]*, )?{re.escape(name)}[ ,`]"
                if len(words) > 1 and not any(part and re.search(pattern, part.group(1)) for part in (section, common)):
                    problems.append(f"docs/commands.md: {call} lacks {name}")

    # A pipeline file's sections and the keys that are no flags: the source's own words.
    sections = pathlib.Path("Sources/pipeline/PipelineSections.swift").read_text()
    stage = pathlib.Path("Sources/Jobs/Flow/ShellStage.swift").read_text()
    keys = re.findall(r'section\("([a-z-]+)"', sections) + re.findall(r'\.init\("([a-z-]+)"', sections)
    keys += re.findall(r'"([a-z-]+)"', re.search(r"static let keys = \[(.*?)\]", stage).group(1)) + ["stages"]
    about_files = reference[: reference.index(command_pages.MARK)]
    assert len(keys) > 10, keys
    for key in keys:
        if f"`{key}`" not in about_files and f"{key}:" not in about_files:
            problems.append(f"docs/commands.md: the pipeline file's key {key} is not explained")

    page = docs[pathlib.Path("docs/troubleshooting.md")]
    codes = [code for code, _, _ in troubleshooting.reasons("Sources")] + list(troubleshooting.failures("Sources"))
    assert len(codes) > 200, len(codes)
    problems.extend(f"docs/troubleshooting.md lacks {code}" for code in codes if f"| `{code}` |" not in page)

    statuses = set()
    for path in pathlib.Path("Sources").rglob("*.swift"):
        statuses.update(re.findall(r"static let \w+ = ExitStatus\(rawValue: (\d+)\)", path.read_text()))
    assert len(statuses) > 6, statuses
    table = docs[pathlib.Path("docs/exit-codes.md")]
    problems.extend(f"docs/exit-codes.md lacks {status}" for status in sorted(statuses) if f"| {status} |" not in table)

    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
