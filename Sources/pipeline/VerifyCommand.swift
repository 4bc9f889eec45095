import ArgumentParser
import Basics
import Prepare

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read everything that was stored and written, and find what has changed since.",
    discussion: """
      What is found damaged is given up: the next `pipeline prepare` makes exactly that anew, from the clips' files where they
      still are. With --dry-run it is only named.
      """
        + "\n\n" + examples("pipeline verify", "pipeline verify --dry-run"))

  @Option(
    help: .value(
      "directory",
      "Training shards; frames are looked for where prepare put them alone. (default: where prepare put them last)"))
  var shards: String?
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    Progress.begin("reading the catalog")
    var (read, shown) = (0, 0)
    try VerifyJob(workspace: common.workspace, shards: shards, onlyLooks: common.dryRun).run { event in
      switch event {
      case .reading(let total): Progress.begin("MiB", total: total >> 20)
      case .read(let bytes):
        read += bytes
        Progress.advance(by: read >> 20 - shown)
        shown = read >> 20
      case .fault(let fault): show(fault)
      case .verified(let artifacts, let count, let faults):
        Console.event("verified", ["artifacts": artifacts, "shards": count, "faults": faults])
        if faults == 0 { Console.say("all \(artifacts) artifacts and \(count) shards are whole") }
      }
    }
  }

  private func show(_ fault: Failure) {
    let evidence = [fault.found.map { "found \($0)" }, fault.expected.map { "expected \($0)" }].compactMap { $0 }
    let detail = evidence.isEmpty ? "" : " (\(evidence.joined(separator: ", ")))"
    Console.say("\(fault.subject ?? ""): \(fault.what)\(detail)")
    Console.event("fault", ["code": fault.code, "subject": fault.subject ?? "", "found": fault.found ?? ""])
  }
}
