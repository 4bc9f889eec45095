import Basics
import Foundation
import Testing

/// Open MPI's `mpirun`, as installed by `apt-get install openmpi-bin`.
enum MPIRun {
  static let isThere: Bool = {
    let there = Files.exists(program)
    if !there {
      print("SKIPPED: mpirun of Open MPI is not installed (openmpi-bin); it starts the ranks of these tests")
    }
    return there
  }()

  static let program = "/usr/bin/mpirun.openmpi"

  /// The command line that starts `count` ranks on this machine, for any user.
  static func words(_ count: Int) -> [String] { [program, "--oversubscribe", "--bind-to", "none", "-n", "\(count)"] }
  static let environment = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]

  /// Starts ranks of the program in the tool's directory.
  static func start(_ tool: Tool, _ count: Int, _ words: [String]) throws -> (process: Process, output: Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = Array(Self.words(count).dropFirst()) + words
    process.currentDirectoryURL = URL(fileURLWithPath: tool.directory)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return (process, output)
  }

  static func run(_ tool: Tool, _ count: Int, _ words: [String]) throws -> (status: Int32, output: String) {
    let (process, output) = try start(tool, count, words)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}

@Suite(
  "pipeline distill under mpirun", .serialized,
  .enabled(if: Clips.ffmpegIsThere && MPIRun.isThere, "ffmpeg makes the clips, mpirun starts the ranks"))
struct MPITests {
  private let training = [
    "distill", "--batch-size", "20", "--crop", "0.3", "--threads", "1", "--checkpoint-every", "1",
  ]

  private func prepared() throws -> Tool {
    let tool = try Tool()
    try Clips.set(tool, count: 24)
    #expect(try tool.run("prepare", "videos", "--frames", "none").status == 0)
    return tool
  }

  private func weights(_ tool: Tool) throws -> String {
    #expect(try tool.run("export", "weights.bin", "--checkpoint", "last").status == 0)
    return try Digest.ofFile(tool.path("weights.bin")).hex
  }

  @Test("ranks give the weights of one process, resume without mpirun, and print each message once")
  func sameBits() throws {
    let tool = try prepared()
    defer { tool.remove() }
    #expect(try tool.run(all: training + ["--steps", "4"]).status == 0)
    let alone = try weights(tool)
    // There are three microbatches, so one of the four ranks has none.
    let together = try MPIRun.run(tool, 4, [Tool.program] + training + ["--steps", "3", "--fresh"])
    #expect(together.status == 0, "\(together.output)")
    #expect(together.output.components(separatedBy: "done: 3 steps done").count == 2, "\(together.output)")
    #expect(together.output.contains("4 ranks") && together.output.contains("1 have none"), "\(together.output)")
    let resumed = try MPIRun.run(tool, 2, [Tool.program] + training + ["--steps", "4"])
    #expect(resumed.status == 0 && resumed.output.contains("resumed at step 3"), "\(resumed.output)")
    #expect(try weights(tool) == alone)
    #expect(try Files.names(in: tool.path("runs")).count == 1)
    let commands = String(decoding: try Files.read(tool.path(".pipeline/commands.jsonl")), as: UTF8.self)
    #expect(commands.components(separatedBy: "distill").count == 4, "\(commands)")
  }

  @Test("when a rank is killed, the others end within seconds; the run resumes from its last checkpoint")
  func killed() throws {
    let tool = try prepared()
    defer { tool.remove() }
    let (process, output) = try MPIRun.start(
      tool, 3, [Tool.program] + training + ["--steps", "5000", "--epochs", "5000", "--patience", "none", "--json"])
    var seen = ""
    while process.isRunning, seen.components(separatedBy: "\"event\":\"saved\"").count < 3 {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      seen += String(decoding: data, as: UTF8.self)
    }
    let ranks = Self.children(of: process.processIdentifier)
    #expect(ranks.count == 3, "\(seen)")
    let begin = ContinuousClock.now
    kill(try #require(ranks.last), SIGKILL)
    _ = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus != 0)
    // mpirun may end a moment before the ranks that it told to end.
    while !Self.going(ranks).isEmpty, ContinuousClock.now - begin < .seconds(30) { usleep(20_000) }
    #expect(Self.going(ranks) == [], "ranks that outlive mpirun")
    #expect(ContinuousClock.now - begin < .seconds(30))
    let plan = try tool.run(
      all: training + ["--steps", "5000", "--epochs", "5000", "--patience", "none", "--dry-run"])
    #expect(plan.output.contains("would go on from step"), "\(plan.output)")
  }

  private static func children(of parent: Int32) -> [Int32] {
    ((try? Files.names(in: "/proc")) ?? []).compactMap { Int32($0) }.filter { status(of: $0)?.parent == parent }
  }

  private static func going(_ processes: [Int32]) -> [Int32] {
    processes.filter { status(of: $0).map { $0.state != "Z" } ?? false }
  }

  /// State and parent of a process; nil if it does not exist.
  private static func status(of process: Int32) -> (state: String, parent: Int32)? {
    guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let end = stat.lastIndex(of: ")")
    else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 1, let parent = Int32(fields[1]) else { return nil }
    return (String(fields[0]), parent)
  }

  @Test("ranks with different arguments train nothing, and one line says which rank differs and in what")
  func differing() throws {
    let tool = try prepared()
    defer { tool.remove() }
    let line = ([Tool.program] + training).joined(separator: " ") + " --steps 2 --seed $OMPI_COMM_WORLD_RANK"
    let outcome = try MPIRun.run(tool, 2, ["sh", "-c", line])
    #expect(outcome.status == 64, "\(outcome.output)")
    #expect(outcome.output.contains("rank 1 on") && outcome.output.contains("seed 1, on rank 0 0"), "\(outcome.output)")
    #expect(outcome.output.components(separatedBy: "error:").count == 2, "\(outcome.output)")
    #expect(!Files.exists(tool.path("runs")))
  }
}

@Suite("pipeline as one of several tasks")
struct SeveralTasksTests {
  @Test("tasks that cannot be joined train nothing, and the error has a hint")
  func refused() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for command in ["distill", "run"] {
      let outcome = try tool.run(command, environment: ["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "1"])
      #expect(outcome.status == 64 && outcome.problems.contains("srun --mpi=pmix"), "\(outcome)")
    }
    let run = try tool.run("run", environment: ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"])
    #expect(run.status == 64 && run.problems.contains("mpirun -n 2 pipeline distill"), "\(run)")
    #expect(!Files.exists(tool.path("runs")))
  }
}
