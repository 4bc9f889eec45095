"""What the benchmarks beside other programs share: the machine's probe, and a peer in a process of its own that takes turns."""
import ctypes, json, os, platform, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"


def processor():
    return next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())


def probe(threads):
    """GFLOP/s of multiply-adds on all threads together: a function without arguments."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["cc", "-O3", "-march=native", "-shared", "-fPIC", "-pthread", "-o", f"{folder}/probe.so", f"{HERE}/../bench/probe.c"]
        subprocess.run(command, check=True)
        library = ctypes.CDLL(f"{folder}/probe.so")
    library.probe.restype, library.probe.argtypes = ctypes.c_double, [ctypes.c_int, ctypes.c_double]
    return lambda: library.probe(threads, 0.1)


class Peer:
    """This script once more with --peer NAME: serves turns, a line in, a number out. Under jemalloc with huge pages and no decay, if it can."""

    def __init__(self, name="PyTorch"):
        environment = dict(os.environ, OMP_WAIT_POLICY="passive", MALLOC_CONF="dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always")
        # OpenVINO gives memory back to the allocator that it was not taken from, and dies of it.
        if name == "OpenVINO":
            pass
        elif os.path.exists(JEMALLOC):
            environment["LD_PRELOAD"] = JEMALLOC
        else:
            print(f"{name} runs without jemalloc and is slower for it: apt-get install libjemalloc2", file=sys.stderr)
        command = [sys.executable, *sys.argv, "--peer", name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.version = json.loads(self.process.stdout.readline())["version"]

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def serve(version, work, items):
    """The other side of a Peer: seconds an item for each line that comes in. The first call of `work` warms up."""
    work()
    print(json.dumps({"version": version}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        print((time.perf_counter() - start) / items, flush=True)
