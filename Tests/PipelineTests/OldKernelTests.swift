import Basics
import Foundation
import Media
import Testing

@testable import pipeline

enum OldKernel {
  /// Whether python3 is installed and this kernel has the features to hide. System call numbers are those of x86-64.
  static let canBePretended = Files.exists("/usr/bin/python3") && Confinement.offered.missing.isEmpty && isX86

  private static var isX86: Bool {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }
}

/// Kernels without the features of the decoder sandbox: this kernel behind a system call filter that answers like an
/// older one.
@Suite("kernels that cannot sandbox decoders", .enabled(if: OldKernel.canBePretended, "python3 on x86-64"))
struct OldKernelTests {
  private static let pretend = """
    import ctypes, os, struct, sys
    absent = {"landlock": [444, 445, 446], "seccomp": [317]}[sys.argv[1]]
    steps = [(0x20, 0, 0, 0)]
    for number in absent: steps += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | 38)]
    steps += [(0x06, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("<H6xQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
    os.execv(sys.argv[2], sys.argv[2:])
    """

  /// Runs the program on a kernel without `absent`.
  private func run(_ tool: Tool, without absent: String, _ words: [String]) throws -> Tool.Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", Self.pretend, absent, Tool.program] + words
    process.currentDirectoryURL = URL(fileURLWithPath: tool.directory)
    process.environment = ProcessInfo.processInfo.environment.merging(["PIPELINE_TEST_FAULTS": "1"]) { $1 }
    try Files.write("", to: tool.path("out"))
    try Files.write("", to: tool.path("err"))
    process.standardOutput = FileHandle(forWritingAtPath: tool.path("out"))
    process.standardError = FileHandle(forWritingAtPath: tool.path("err"))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) throws -> String { String(decoding: try Files.read(tool.path(name)), as: UTF8.self) }
    return Tool.Outcome(status: process.terminationStatus, output: try text("out"), problems: try text("err"))
  }

  @Test("auto warns once and continues; required refuses; off says nothing", arguments: ["landlock", "seccomp"])
  func modes(absent: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    for name in ["a_000001", "b_000002"] { try Files.write("no clip", to: tool.path("videos/\(name).mp4")) }
    let name = absent == "landlock" ? "Landlock" : "seccomp filters"
    func prepare(_ sandbox: String) throws -> Tool.Outcome {
      try run(
        tool, without: absent,
        [
          "prepare", "videos", "--sandbox", sandbox, "--workspace", "w-\(sandbox)", "--max-bad-fraction", "1",
          "--quiet",
        ])
    }
    let auto = try prepare("auto")
    #expect(auto.output.contains("media.unreadable"), "\(auto.problems)")
    #expect((auto.output + auto.problems).split(separator: "\n").count { $0.contains("no \(name)") } == 1)
    let required = try prepare("required")
    #expect(required.status != 0)
    #expect(required.problems.contains("this kernel cannot lock decoders in (found no \(name)"))
    #expect(!required.output.contains("media.unreadable"))
    let off = try prepare("off")
    #expect(off.output.contains("media.unreadable"))
    #expect(!(off.output + off.problems).contains(name))
  }

  @Test("the remaining protection still works: a worker opens no file", arguments: ["landlock", "seccomp"])
  func rest(absent: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    try Files.write("no clip", to: tool.path("videos/fault-attempt+open+_000001.mp4"))
    let run = try run(tool, without: absent, ["prepare", "videos", "--max-bad-fraction", "1", "--quiet"])
    #expect(
      run.output.contains(absent == "landlock" ? "media.escaped" : "open: refused"), "\(run.output) \(run.problems)")
  }

  @Test("doctor says what is enabled and what is missing", arguments: ["landlock", "seccomp"])
  func doctor(absent: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let lines = try run(tool, without: absent, ["doctor"]).output.split(separator: "\n").map(String.init)
    let place = try #require(lines.firstIndex { $0.hasPrefix("sandbox: ") })
    #expect(lines[place].contains("Landlock") == (absent == "seccomp"))
    #expect(lines[place].contains("system calls filtered") == (absent == "landlock"))
    #expect(lines[place + 1].contains("problem: this kernel cannot lock decoders in"))
    let whole = try tool.run("doctor").output.split(separator: "\n").first { $0.hasPrefix("sandbox: ") }
    #expect(whole == "sandbox: Landlock \(Confinement.offered.landlock), system calls filtered")
  }
}
