import ArgumentParser
import Basics
import StageGraph
import Stages

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read everything that was stored and written, and find what has changed since.",
    discussion: """
      What is found damaged is given up: the next `pipeline prepare` makes exactly that anew, from the clips' files where they
      still are. With --dry-run it is only named.
      """)

  @Option(help: "Training shards; default: where prepare put them last.") var shards: String?
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    // Only a workspace that is there is opened: a wrong name must not make one.
    let reader = try Catalog.reader(common.workspace)
    let catalog = common.dryRun ? reader : try Catalog.writer(common.workspace)
    let store = try ArtifactStore(catalog)
    let (artifacts, storeFaults) = try verify(store)
    let checked = try ShardVerification(
      folder: shards ?? catalog.note(PrepareSettings.shardsNote) ?? PrepareSettings().shards, catalog: catalog)
    let faults = storeFaults + checked.faults
    for fault in faults {
      let evidence = [fault.found.map { "found \($0)" }, fault.expected.map { "expected \($0)" }].compactMap { $0 }
      let detail = evidence.isEmpty ? "" : " (\(evidence.joined(separator: ", ")))"
      Console.say("\(fault.subject ?? ""): \(fault.what)\(detail)")
      Console.event("fault", ["code": fault.code, "subject": fault.subject ?? "", "found": fault.found ?? ""])
    }
    Console.event("verified", ["artifacts": artifacts, "shards": checked.shards, "faults": faults.count])
    if faults.isEmpty { return Console.say("all \(artifacts) artifacts and \(checked.shards) shards are whole") }
    if catalog.isWriter {
      try checked.forget(in: catalog)
      try PreparationSeal.remove(from: catalog)
    }
    throw Failure.damaged(faults.count, of: artifacts + checked.shards, isGivenUp: catalog.isWriter)
  }

  private func verify(_ store: ArtifactStore) throws -> (Int, [Failure]) {
    let lost = try store.catalog.lostArtifacts()
    let progress = Progress("MiB", total: try store.catalog.storedBytes() >> 20)
    var shown = 0
    let (count, faults) = try store.verify(onProgress: { bytes in
      progress.advance(by: bytes >> 20 - shown)
      shown = bytes >> 20
    })
    return (count, lost + faults)
  }
}
