import ArgumentParser
import Attest
import Basics
import Prepare

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read everything that was stored and written, and find what has changed since; or check signed weights.",
    discussion: """
      What is found damaged is given up: the next `pipeline prepare` makes exactly that anew, from the clips' files where they
      still are. With --dry-run it is only named.

      With a weights file: whether it is what the owner of --key has signed, by `pipeline export --attest` or any OpenSSF Model
      Signing v1. With --retrain it is trained again from the shards named in the signature, on any machine: the same bytes, or not.
      """
        + "\n\n"
        + examples(
          "pipeline verify", "pipeline verify --dry-run", "pipeline verify weights.bin --key key.pub --retrain"))

  @Argument(help: .value("file", "A weights file to check, in place of the workspace.")) var weights: String?
  @OptionGroup(title: "WEIGHTS") var signed: VerifyWeightsOptions
  @Option(
    help: .value(
      "directory",
      "Training shards; frames are looked for where prepare put them alone. (default: where prepare put them last)"))
  var shards: String?
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    if let weights { return try verify(weights) }
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

  private func verify(_ weights: String) throws {
    let verification = try signed.verification(weights)
    guard signed.retrain else {
      let outcome = try verification.run()
      let origin = outcome.provenance.map { ", run \($0.run.short), step \($0.step)" } ?? ""
      Console.say("\(weights): as signed by the owner of \(verification.key): sha256 \(outcome.digest.short)\(origin)")
      return Console.event(
        "signature", ["file": weights, "sha256": outcome.digest.hex, "run": outcome.provenance?.run.hex ?? ""])
    }
    let job = try signed.retraining(verification, shards: shards)
    try job.run(RetrainReport.steps) { RetrainReport.show($0, job) }
  }

  private func show(_ fault: Failure) {
    let evidence = [fault.found.map { "found \($0)" }, fault.expected.map { "expected \($0)" }].compactMap { $0 }
    let detail = evidence.isEmpty ? "" : " (\(evidence.joined(separator: ", ")))"
    Console.say("\(fault.subject ?? ""): \(fault.what)\(detail)")
    Console.event("fault", ["code": fault.code, "subject": fault.subject ?? "", "found": fault.found ?? ""])
  }
}
