"""Man pages (mdoc) from what `pipeline --experimental-dump-help` says of the commands: one for the program, one for each command.

usage: pipeline --experimental-dump-help | man_pages.py VERSION FOLDER
"""
import json, sys

version, folder = sys.argv[1:]
EXIT = [(0, "Done, or up to date."), (1, "Failed."), (3, "Done, but more clips were left out than allowed."),
        (4, "Prepared, but no teacher embeddings were given."),
        (5, "Nothing done: shards of other clips would have been replaced."), (64, "Usage."),
        (75, "Another process writes here."), (130, "Interrupted; what was finished is kept.")]


def text(words):
    """Text in which no line and no character is taken for a macro."""
    lines = [line.strip() for line in (words or "").splitlines()]
    return "\n".join(("\\&" if line[:1] in ".'" else "") + line.replace("\\", "\\e").replace("-", "\\-") for line in lines if line)


def names(argument):
    shown = []
    for name in argument.get("names") or []:
        shown.append(("-" if name["kind"] == "short" else "--") + name["name"])
    return shown


def options(command):
    out = []
    for argument in command.get("arguments") or []:
        if not argument.get("shouldDisplay", True):
            continue
        value = argument.get("valueName") or "value"
        if argument["kind"] == "positional":
            head = f".It Ar {value}" + (" ..." if argument.get("isRepeating") else "")
        else:
            head = ".It " + " , ".join("Fl " + name[1:].replace("-", "\\-") for name in names(argument))
            if argument["kind"] == "option":
                head += f" Ar {value}"
        out.append(head + "\n" + (text(argument.get("abstract")) or "\\&"))
    return ".Bl -tag -width 6n\n" + "\n".join(out) + "\n.El\n" if out else ""


def page(path, command, children):
    name = "-".join(path)
    out = [".\\\" Made of the program's own help.", f".Dd Version {version}", f".Dt {name.upper()} 1", f".Os pipeline {version}",
           ".Sh NAME", f".Nm {name}", f".Nd {text(command.get('abstract')).rstrip('.') or name}", ".Sh SYNOPSIS",
           ".Nm " + " ".join(path)]
    out.append(".Ar command" if children else ".Op Ar options")
    for argument in command.get("arguments") or []:
        if argument["kind"] == "positional" and argument.get("shouldDisplay", True):
            shown = "Ar " + (argument.get("valueName") or "value") + (" ..." if argument.get("isRepeating") else "")
            out.append(".Op " + shown if argument.get("isOptional") else "." + shown)
    out.append(".Sh DESCRIPTION")
    out.append(text(command.get("discussion")) or text(command.get("abstract")))
    if children:
        out.append(".Bl -tag -width 10n")
        for child in children:
            out.append(f".It Nm {' '.join(path + [child['commandName']])}\n{text(child.get('abstract'))}")
        out.append(".El")
    if options(command):
        out += [".Sh OPTIONS", options(command).rstrip()]
    out += [".Sh EXIT STATUS", ".Bl -tag -width 4n"] + [f".It {code}\n{words}" for code, words in EXIT] + [".El"]
    with open(f"{folder}/{name}.1", "w") as file:
        file.write("\n".join(line for line in out if line) + "\n")


def walk(path, command):
    children = [c for c in command.get("subcommands") or [] if c["commandName"] != "help" and c.get("shouldDisplay", True)]
    page(path, command, children)
    for child in children:
        walk(path + [child["commandName"]], child)


root = json.load(sys.stdin)["command"]
walk([root["commandName"]], root)
