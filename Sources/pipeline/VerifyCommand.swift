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

  @Option(help: "Training shards; default: where prepare put them last. Frames are looked for there alone.") var shards:
    String?
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    // Only a workspace that is there is opened: a wrong name must not make one.
    let reader = try Catalog.reader(common.workspace)
    let catalog = common.dryRun ? reader : try Catalog.writer(common.workspace)
    let store = try ArtifactStore(catalog)
    let (artifacts, storeFaults) = try verify(store)
    let checked = try folders(catalog).map { try ShardVerification($0.kind, folder: $0.folder, catalog: catalog) }
    let (faults, count) = (storeFaults + checked.flatMap(\.faults), checked.reduce(0) { $0 + $1.shards })
    for fault in faults {
      let evidence = [fault.found.map { "found \($0)" }, fault.expected.map { "expected \($0)" }].compactMap { $0 }
      let detail = evidence.isEmpty ? "" : " (\(evidence.joined(separator: ", ")))"
      Console.say("\(fault.subject ?? ""): \(fault.what)\(detail)")
      Console.event("fault", ["code": fault.code, "subject": fault.subject ?? "", "found": fault.found ?? ""])
    }
    Console.event("verified", ["artifacts": artifacts, "shards": count, "faults": faults.count])
    if faults.isEmpty { return Console.say("all \(artifacts) artifacts and \(count) shards are whole") }
    if catalog.isWriter {
      for folder in checked { try folder.forget(in: catalog) }
    }
    throw Failure.damaged(faults.count, of: artifacts + count, isGivenUp: catalog.isWriter)
  }

  /// Where shards were written last, or those that are named.
  private func folders(_ catalog: Catalog) throws -> [(kind: ShardVerification.Kind, folder: String)] {
    if let shards, !Files.isFolder(shards) { throw Failure.noSuchFolder("--shards", shards) }
    let training = try shards ?? catalog.directory(of: .shards) ?? PrepareSettings().shards
    let frames = try catalog.directory(of: .frames)
    return [(.training, training)] + (frames.map { [(.frames, $0)] } ?? [])
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
