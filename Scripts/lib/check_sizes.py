"""Files, functions and lines of our own Swift that are longer than CONTRIBUTING allows. Reads formatted code: a function ends where a
brace stands as far left as its first line. Text in quotation marks may go on past the last column.

usage: check_sizes.py FOLDER…
"""
import pathlib, re, sys

FILE, FUNCTION, COLUMNS = 300, 60, 120
BEGIN = re.compile(r"( *)((@\w+(\(.*\))?|[a-z]+(\([a-z]+\))?) )*(func |init[?(<]|deinit\b|subscript\b)")


def code_of(lines):
    """The lines, empty where they belong to a literal of several lines."""
    quoted, code = False, []
    for line in lines:
        code.append("" if quoted else line)
        if line.count('"""') % 2: quoted = not quoted
    return code


def functions(code):
    """(name, first line, number of lines) of each function with a body, nested ones too."""
    for at, line in enumerate(code):
        begin = BEGIN.match(line)
        if not begin: continue
        indent = begin[1]
        for end in range(at, len(code)):
            line = code[end]
            if line.rstrip() == indent + "}":
                yield code[at].strip(), at + 1, end - at + 1
                break
            # As far left and no part of the head: a requirement of a protocol, which has no body.
            if end > at and line.strip() and not line.startswith(indent + " ") and not line.startswith(tuple(indent + word for word in (")", "{", "->", "where "))):
                break


def main():
    found = 0
    for folder in sys.argv[1:]:
        for path in sorted(pathlib.Path(folder).rglob("*.swift")):
            if "Generated" in path.parts: continue
            lines = path.read_text().splitlines()
            code, over = code_of(lines), []
            if len(lines) > FILE: over.append(f"{path}: {len(lines)} lines, over {FILE}")
            over += [f"{path}:{k}: {len(line)} columns, over {COLUMNS}" for k, line in enumerate(code, 1) if len(line) > COLUMNS and '"' not in line]
            over += [f"{path}:{at}: {count} lines, over {FUNCTION}: {name}" for name, at, count in functions(code) if count > FUNCTION]
            found += len(over)
            for text in over: print(text)
    sys.exit(1 if found else 0)


main()
