"""Pages of docs whose end is written from the code: what stands below a mark is made anew, or held against what is there."""
import pathlib, sys


def keep(path, mark, written, origin):
    """Writes `written` below the mark with --update on the command line; fails where the page says anything else without it."""
    path = pathlib.Path(path)
    text = path.read_text()
    assert mark in text, f"{path} lacks the line {mark}"
    whole = text[: text.index(mark)] + written
    if "--update" in sys.argv:
        path.write_text(whole)
    elif whole != text:
        sys.exit(f"{path} is not what {origin}: Scripts/check --update writes it anew")
