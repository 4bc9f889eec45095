"""The hidden worker that `pipeline prepare` decodes in, and its two pipes: for scripts that measure it."""
import json, os, struct, subprocess


class DecodeWorker:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "__decode-worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ask({"memoryBytes": 3 << 30, "version": 1})

    def _ask(self, message):
        header = json.dumps(message, sort_keys=True).encode()
        self.process.stdin.write(struct.pack("<II", len(header), 0) + header)
        self.process.stdin.flush()
        header, payload = struct.unpack("<II", self.process.stdout.read(8))
        return json.loads(self.process.stdout.read(header)), self.process.stdout.read(payload)

    def sound(self, clip):
        """The reply, and ten seconds as FLAC."""
        return self._ask({"path": os.path.abspath(clip), "startSeconds": 0, "work": {"sound": {}}})

    def frames(self, clip, fps="1"):
        """The reply, and a pack of frames."""
        return self._ask({"path": os.path.abspath(clip), "startSeconds": 0, "work": {"frames": {"fps": fps}}})

    def cpu(self):
        """Seconds of CPU time so far."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def frames_of(pack):
    """The JPEGs of a pack of frames."""
    count, place, jpegs = struct.unpack_from("<I", pack, 8)[0], 12, []
    for _ in range(count):
        length = struct.unpack_from("<I", pack, place + 8)[0]
        jpegs.append(pack[place + 12 : place + 12 + length])
        place += 12 + length
    return jpegs
