import ArgumentParser
import Basics
import Foundation
import Media

/// From directories of video to a trained audio encoder.
@main
struct Pipeline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipeline", abstract: "Distill Wav2CLIP audio encoders from directories of video.",
    discussion: """
      EXAMPLES
        pipeline prepare videos/      audio, frames and teacher embeddings to shards
        pipeline distill              train the audio encoder on shards/
        pipeline export weights.bin   for PyTorch and the wav2clip package
        pipeline evaluate retrieve    how good it is on clips kept out of training
        pipeline report               one page with all of it
      """,
    version: ToolVersion.text,
    subcommands: builtInCommands)

  /// Runs the command of the command line and exits with its status. The hidden worker is not a command: it is how this
  /// program starts itself.
  static func main() {
    StandardStreams.occupy()
    if CommandLine.arguments.dropFirst().first == DecodeWorkerCommand.word { DecodeWorkerMain.run() }
    Interruption.watch {
      if RankSession.isFirst { Console.note("stopping once the current work is stored; Ctrl-C again stops at once") }
    }
    JobReport.begin(CommandLine.arguments.dropFirst().prefix { !$0.hasPrefix("-") }.first ?? "")
    do {
      try CommandWords.check(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot()
      try command.run()
      Progress.end()
      if let problem = Console.problem { throw problem }
      if RankSession.isFirst {
        if let kept = command as? any KeptCommand {
          CommandHistory.keep(Array(CommandLine.arguments.dropFirst()), makesShards: type(of: kept).makesShards)
        }
        JobReport.finish()
      }
      RankSession.end()
    } catch let failure as Failure {
      Progress.end()
      RankSession.fail(failure)
      exit(withStatus: failure.exit)
    } catch let exitCode as ExitCode where exitCode.rawValue < 64 {
      exit(withError: exitCode)
    } catch {
      let code = exitCode(for: error)
      if code == .success || code == .validationFailure { exit(withError: error) }
      RankSession.fail(Failure("unexpected", "something unforeseen went wrong", found: "\(error)"))
      exit(withStatus: .failed)
    }
  }

  private static func exit(withStatus status: ExitStatus) -> Never { exit(withError: ExitCode(status.rawValue)) }
}

/// Every subcommand. To add one: write a file and add a line here.
let builtInCommands: [any ParsableCommand.Type] = [
  PrepareCommand.self, DistillCommand.self, ExportCommand.self, RunCommand.self, EvaluateCommand.self, PlanCommand.self,
  ConvertCommand.self, EmbedCommand.self, SearchCommand.self, CaptionCommand.self,
  StatusCommand.self, InspectCommand.self, VerifyCommand.self, GarbageCommand.self, GraphCommand.self,
  DoctorCommand.self, ReportCommand.self, CompareCommand.self, RunsCommand.self, ReasonsCommand.self,
  LossesCommand.self,
]

enum DecodeWorkerCommand {
  static let word = "__decode-worker"

  /// The command that starts a worker: this program, by its resolved path.
  static func command() throws -> WorkerLaunch {
    WorkerLaunch([try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"), word])
  }
}
