"""Runs the code of README and docs as it stands there: each page in a directory of its own, its blocks from top to bottom.

usage: snippets.py PIPELINE CLIPS PYTHON BUILD PAGE…
PIPELINE: the built program. CLIPS: a directory with videos of four seconds, embeddings, labels.csv and clip.wav, which each page finds where it
begins.
PYTHON: what runs Python blocks, - for none. BUILD: the release build's directory, against whose modules Swift blocks are compiled.

`sh` blocks run with `pipeline` on the PATH, in a directory where Pipelines/wav2clip.yaml keeps clips to four seconds and training to two steps. `python` blocks see
the files that came before them. `swift` blocks are compiled, linked and run; a package's description is read by SwiftPM. A `yaml` block that is a
pipeline file is planned. A block below `<!-- not run: WHY -->` is counted and its reason printed.
"""
import os, pathlib, re, shutil, subprocess, sys, tempfile

BLOCK = re.compile(r"(?ms)^(?:<!-- not run: (?P<why>[^\n]*) -->\n)?```(?P<kind>[a-z]*)\n(?P<text>.*?)^```$")
QUICK = "prepare:\n  clip-seconds: 4\ndistill:\n  batch-size: 4\n  steps: 2\n"
# What the library product and the C modules below it are linked from.
MODULES = ["Wav2CLIP", "Models", "Networks", "Audio", "Kernels", "Tensors", "Basics", "SwiftProtobuf", "CSystem", "CKernels", "CMathematics",
           "CResampler"]
LIBRARIES = ["sndfile", "openblas", "crypto", "xxhash"]


class Runner:
    def __init__(self, pipeline, clips, python, build, place):
        self.pipeline, self.clips, self.build, self.place = pathlib.Path(pipeline).resolve(), clips, pathlib.Path(build).resolve(), place
        self.python = None if python == "-" else python
        self.project = pathlib.Path.cwd()
        self.ran, self.skipped = {}, []

    def environment(self, folder):
        return {**os.environ, "PATH": f"{folder}/.bin:{os.environ['PATH']}", "PIPELINE_DOCS": "1"}

    def start(self, folder):
        shutil.copytree(self.clips, folder)
        (folder / ".bin").mkdir()
        (folder / ".bin/pipeline").symlink_to(self.pipeline)
        (folder / "Pipelines").mkdir()
        (folder / "Pipelines/wav2clip.yaml").write_text(QUICK)
        (folder / "Scripts").symlink_to(self.project / "Scripts")

    def call(self, words, folder):
        result = subprocess.run(words, cwd=folder, env=self.environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        return None if result.returncode == 0 else f"status {result.returncode}\n" + "\n".join(result.stdout.splitlines()[-20:])

    def sh(self, text, folder):
        return self.call(["bash", "-euo", "pipefail", "-c", text], folder)

    def python_block(self, text, folder):
        (folder / "snippet.py").write_text(text)
        return self.call([self.python, "snippet.py"], folder)

    def swift(self, text, folder):
        if text.startswith("// swift-tools-version"):
            package = folder / "package"
            package.mkdir()
            # The address stands for this checkout: reading it needs no network.
            text, count = re.subn(r'\.package\(url: "[^"]*", [^)]*\)', f'.package(name: "pipeline", path: "{self.project}")', text)
            (package / "Package.swift").write_text(text)
            return self.call(["swift", "package", "dump-package"], package) if count == 1 else "it names no package"
        (folder / "main.swift").write_text(text)
        # Of what the program is linked from: objects of sources that are gone may lie beside them.
        linked = [line.strip("'\n") for line in open(self.build / "pipeline.product/Objects.LinkFileList")]
        objects = [path for path in linked if any(f"/{module}.build/" in path for module in MODULES)]
        # SwiftPM writes the maps of C modules beside their objects; those of system libraries are files of ours.
        maps = [f"-fmodule-map-file={path}" for path in sorted(self.build.glob("*.build/module.modulemap"))]
        maps = [word for one in maps for word in ("-Xcc", one)]
        maps += [word for path in sorted((self.project / "Sources").glob("C*/module.modulemap")) for word in ("-I", str(path.parent))]
        said = self.call(["swiftc", "-swift-version", "6", "-I", str(self.build / "Modules"), *maps, "main.swift", *objects,
                          *[f"-l{name}" for name in LIBRARIES], "-lm", "-o", "program"], folder)
        return said or self.call(["./program"], folder)

    def yaml(self, text, folder):
        if not set(re.findall(r"(?m)^([a-z-]+):", text)) <= {"prepare", "distill", "export", "stages"}:
            return "no pipeline file"
        (folder / "snippet.yaml").write_text(text)
        return self.call(["pipeline", "plan", "--pipeline", "snippet.yaml"], folder)

    def page(self, path):
        folder = self.place / path.stem
        self.start(folder)
        does = {"sh": self.sh, "python": self.python_block, "swift": self.swift, "yaml": self.yaml}
        text, failed = path.read_text(), []
        for block in BLOCK.finditer(text):
            kind, line = block["kind"], text.count("\n", 0, block.start("text"))
            why = block["why"]
            if kind not in does:
                continue
            if not why and kind == "python" and not self.python:
                why = "no Python with the packages"
            if why:
                self.skipped.append(f"{path}:{line}: {why}")
                continue
            said = does[kind](block["text"], folder)
            self.ran[kind] = self.ran.get(kind, 0) + 1
            if said:
                failed.append(f"{path}:{line}: {said}\n---\n{block['text']}---")
        return failed


def main():
    pipeline, clips, python, build, *pages = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        runner = Runner(pipeline, clips, python, build, pathlib.Path(place))
        failed = [one for page in pages for one in runner.page(pathlib.Path(page))]
    for one in runner.skipped:
        print("SKIPPED", one)
    for one in failed:
        print("FAILED", one)
    print("run as they stand:", ", ".join(f"{count} {kind}" for kind, count in sorted(runner.ran.items())))
    sys.exit(1 if failed or not runner.ran.get("sh") else 0)


if __name__ == "__main__":
    main()
