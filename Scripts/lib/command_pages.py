"""Writes the reference in docs/commands.md from what `pipeline --experimental-dump-help` says of the commands.

usage: pipeline --experimental-dump-help | command_pages.py PAGE [--update]
Without --update it fails where the page is not what it would write.
"""
import json, re, sys

import generated

MARK = "<!-- Written by Scripts/check --update from the program's own help: do not edit below. -->\n"
# The number of CPUs, a default, is another on each machine.
OF_THE_MACHINE = {"threads", "jobs"}


def plain(text):
    return " ".join((text or "").split())


def cell(text):
    return plain(text).replace("|", "\\|").replace("<", "&lt;")


def names(argument):
    return [("-" if name["kind"] == "short" else "--") + name["name"] for name in argument.get("names") or []]


def spelled(argument):
    value = (argument.get("valueName") or "value").replace("|", "\\|")
    if any(value == name["name"] for name in argument.get("names") or []) or argument["kind"] == "positional":
        value = value.upper()
    if argument["kind"] == "positional":
        return value + (" …" if argument.get("isRepeating") else "")
    return ", ".join(names(argument)) + (f" {value}" if argument["kind"] == "option" else "")


def row(argument):
    default = argument.get("defaultValue") or ""
    if any(name["name"] in OF_THE_MACHINE for name in argument.get("names") or []) and default.isdigit():
        default = "processors"
    said = re.fullmatch(r"(.*?)(?: \(default: ([^()]*)\))?", plain(argument.get("abstract")))
    says, default = cell(said.group(1)), default or (said.group(2) or "").replace("|", "\\|")
    values = argument.get("allValues")
    if values and not all(value in says for value in values):
        says += f" One of {', '.join(values)}."
    return f"| `{spelled(argument)}` | {says} | {f'`{default}`' if default else ''} |\n"


def shown(command):
    return [a for a in command.get("arguments") or [] if a.get("shouldDisplay", True) and names(a) not in (["-h", "--help"], ["--version"])]


def walk(path, command):
    """(words that call it, command) of this one and all below it."""
    yield path, command
    for child in command.get("subcommands") or []:
        if child["commandName"] != "help" and child.get("shouldDisplay", True):
            yield from walk(path + [child["commandName"]], child)


def reference(root):
    commands = [(path, command) for path, command in walk([root["commandName"]], root) if len(path) > 1]
    lists = [{spelled(a): row(a) for a in shown(command)} for _, command in commands if shown(command)]
    everywhere = [key for key in lists[0] if all(one.get(key) == lists[0][key] for one in lists)]
    out = [MARK, "\n## Options of every command\n\n| option | does | default |\n|---|---|---|\n"] + [lists[0][key] for key in everywhere]
    for path, command in commands:
        out.append(f"\n## {' '.join(path)}\n\n{plain(command.get('abstract'))}\n")
        # Lists and tables in a discussion keep their lines; reasons have a page of their own.
        for paragraph in re.split(r"\n\s*\n", command.get("discussion") or ""):
            if not re.search(r"(?m)^\s*[!?] [a-z.]+:", paragraph):
                out.append("\n" + (plain(paragraph) if "\n" not in paragraph or not re.search(r"\n\s{2,}\S| {3,}\S", paragraph) else "```\n" + paragraph + "\n```") .replace("<", "&lt;") + "\n")
        own = [a for a in shown(command) if spelled(a) not in everywhere]
        if own:
            out.append("\n| option | does | default |\n|---|---|---|\n" + "".join(row(a) for a in own))
    return "".join(out)


def main():
    generated.keep(sys.argv[1], MARK, reference(json.load(sys.stdin)["command"]), "the program says of itself")


if __name__ == "__main__":
    main()
