import Basics
import Foundation
import Tensors
import Testing

/// The built program, run as a user runs it, in its own directory.
struct Tool {
  let directory: String

  /// Creates a new directory in the system's temporary directory; tests delete it with `remove`.
  init() throws {
    directory = FileManager.default.temporaryDirectory.path + "/pipeline-test-\(UUID().uuidString.prefix(8))"
    try Files.makeDirectory(directory)
  }

  struct Outcome {
    var status: Int32
    var output: String
    var problems: String
  }

  static let program: String = {
    let this = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return ProcessInfo.processInfo.environment["PIPELINE_BINARY"] ?? Files.parent(this) + "/pipeline"
  }()

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  func start(_ arguments: [String], environment: [String: String] = [:], at place: String? = nil) throws -> (
    Process, Pipe, Pipe
  ) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: place ?? directory)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, problems) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = problems
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return (process, output, problems)
  }

  @discardableResult
  func run(_ arguments: String..., environment: [String: String] = [:], at place: String? = nil) throws -> Outcome {
    try run(all: arguments, environment: environment, at: place)
  }

  @discardableResult
  func run(all arguments: [String], environment: [String: String] = [:], at place: String? = nil) throws -> Outcome {
    let (process, output, problems) = try start(arguments, environment: environment, at: place)
    // Both pipes are read at the same time, because a full pipe would block the program.
    let reader = Reader(problems.fileHandleForReading)
    let out = output.fileHandleForReading.readDataToEndOfFile()
    let err = reader.finish()
    process.waitUntilExit()
    let status =
      process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    return Outcome(
      status: status, output: String(decoding: out, as: UTF8.self), problems: String(decoding: err, as: UTF8.self))
  }

  /// The digests of all files in a directory tree by name, without hidden files.
  func digests(_ name: String) throws -> [String: String] {
    var result: [String: String] = [:]
    for file in try Files.names(in: path(name)) where !file.hasPrefix(".") {
      result[file] = try Digest.ofFile("\(path(name))/\(file)").hex
    }
    return result
  }

  func remove() { try? Files.remove(directory) }
}

/// Reads a pipe to its end on its own thread.
private final class Reader: @unchecked Sendable {
  private var data = Data()
  private let done = DispatchSemaphore(value: 0)

  init(_ handle: FileHandle) {
    Thread {
      self.data = handle.readDataToEndOfFile()
      self.done.signal()
    }.start()
  }

  func finish() -> Data {
    done.wait()
    return data
  }
}

/// Small clips made with ffmpeg, and embeddings for them.
enum Clips {
  static let ffmpegIsThere: Bool = {
    let there = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].contains { Files.exists($0) }
    if !there { print("SKIPPED: the ffmpeg program is not installed; it makes the clips for these tests") }
    return there
  }()

  static let canRunScripts: Bool = {
    let can = (try? shell(["sh", "-c", "cc --version >/dev/null && python3 -c 'import sqlite3, tarfile'"])) != nil
    if !can { print("SKIPPED: cc or python3 is not installed; the scripts that kill prepare need both") }
    return can
  }()

  static func shell(_ words: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure("test.shell", "a command failed", on: words.joined(separator: " "))
    }
  }

  /// Makes a clip of `seconds` with a tone of `pitch` Hz and a moving test pattern.
  static func make(_ path: String, pitch: Int, seconds: Double = 10, audio: Bool = true, image: Bool = true) throws {
    var words = ["ffmpeg", "-v", "error", "-y"]
    if image { words += ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=\(seconds)"] }
    if audio { words += ["-f", "lavfi", "-i", "sine=frequency=\(pitch):sample_rate=16000:duration=\(seconds)"] }
    if image { words += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"] }
    if audio { words += ["-c:a", "aac"] }
    try shell(words + ["-fflags", "+bitexact", "-map_metadata", "-1", path])
  }

  /// Writes embeddings that depend on `seed`, ten rows by default.
  static func embeddings(_ path: String, seed: UInt64, rows: Int = 10, width: Int = 512) throws {
    var random = SeededRandom(seed: seed)
    let tensor = Tensor(shape: [rows, width], floats: (0..<rows * width).map { _ in Float(random.normal()) })
    try Files.write(try NumpyFile.bytes(of: tensor), to: path)
  }

  static func name(_ index: Int) -> String { "clip\(index)abcdef_00000\(index)" }

  /// Makes `count` clips with embeddings, one row per second.
  static func set(_ tool: Tool, count: Int) throws {
    try Files.makeDirectory(tool.path("videos"))
    try Files.makeDirectory(tool.path("embeddings"))
    for index in 0..<count { try add(tool, index) }
    try Files.write(#"{"dim": 512, "fps": 1.0, "model": "test"}"#, to: tool.path("embeddings/embeddings.json"))
  }

  static func add(_ tool: Tool, _ index: Int) throws {
    try make(tool.path("videos/\(name(index)).mp4"), pitch: 300 + 100 * index)
    try embeddings(tool.path("embeddings/\(name(index)).npy"), seed: UInt64(index))
  }
}
