import ArgumentParser
import Basics
import Corpus
import Evaluation
import Foundation
import Stages

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "How good are the weights?", subcommands: [RetrieveCommand.self])
}

struct RetrieveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrieve",
    abstract: "Do sounds find their pictures, and pictures their sounds, on clips kept out of training?")

  @Option(help: "Training shards.") var shards = "shards"
  @Option(help: "A weights file.") var weights = "weights.bin"
  @Option(help: "train, validation or test; default: test, else validation.") var split: String?
  @Option(help: "Threads.") var threads = ProcessInfo.processInfo.activeProcessorCount
  @Option(help: "Write the scores as JSON.") var out: String?
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    let chosen = try parsed("--split", split) { Split(manifest: $0) }
    let outcome = try RetrievalEvaluation.run(weights: weights, shards: shards, split: chosen, threads: max(1, threads))
    var table = Table()
    table.add(
      "\(outcome.clips) \(outcome.split.rawValue) clips", "R@1", "R@5", "R@10", "MRR", "median rank", "class mAP")
    for (name, s) in [("audio → image", outcome.audioToImage), ("image → audio", outcome.imageToAudio)] {
      let f = { (x: Double) in String(format: "%.3f", x) }
      table.add(
        name, f(s.recallAt1), f(s.recallAt5), f(s.recallAt10), f(s.meanReciprocalRank), one(s.medianRank),
        s.classMeanAveragePrecision.map(f) ?? "-")
    }
    let n = Double(outcome.clips)
    table.add(
      "chance", String(format: "%.3f", 1 / n), String(format: "%.3f", min(1, 5 / n)),
      String(format: "%.3f", min(1, 10 / n)))
    Console.say(table.text)
    let bytes = try CanonicalJSON.bytes(outcome) + [0x0A]
    if let out { try Files.write(bytes, to: out) }
    if let object = try? JSONSerialization.jsonObject(with: Data(bytes)) {
      Console.event("retrieval", ["scores": object])
    }
  }
}
