import Attestation
import Basics
import Kernels
import Runs
import Training

/// What is trained again, and how: of a statement, and on this machine.
package struct RetrainSettings: Sendable {
  package var shards = "shards"
  /// What training started from, where that was not random weights: a file, or a run.
  package var initial: String?
  package var instructionSet = InstructionSet.best
  package var threads = Machine.processors
  /// The private key's PEM that vouches for the second making; nil: nobody does.
  package var countersign: String?

  package init() {}
}

/// Makes weights again from the shards that their statement names, and compares the bytes.
///
/// What a run is trained with and exported by are jobs of their own: they are handed in.
package struct RetrainJob {
  /// What is to be made.
  package struct Recipe: Sendable {
    package let provenance: Provenance
    package let settings: RetrainSettings
    /// A directory of this job's own for the run.
    package let directory: String
  }

  package struct Steps {
    /// The name of the run that training would make here.
    package var name: (Recipe) throws -> String
    package var train: (Recipe) throws -> Void
    /// Writes the run's weights to a file.
    package var export: (Recipe, _ run: String, _ path: String) throws -> Void

    package init(
      name: @escaping (Recipe) throws -> String, train: @escaping (Recipe) throws -> Void,
      export: @escaping (Recipe, String, String) throws -> Void
    ) { (self.name, self.train, self.export) = (name, train, export) }
  }

  package enum Event: Sendable {
    case began(Provenance)
    /// The new signature; nil where nobody countersigns.
    case same(Digest, signature: String?)
  }

  package let verification: VerifyWeightsJob
  package let settings: RetrainSettings

  package init(_ verification: VerifyWeightsJob, _ settings: RetrainSettings) {
    (self.verification, self.settings) = (verification, settings)
  }

  /// Where the countersignature goes.
  package var countersignature: String { "\(verification.weights).retrained.sig" }

  /// - Throws: what checking the signature throws; `retrain.unknown` for a statement without our provenance;
  ///   `retrain.input` where shards, program or weights to start from are others; `retrain.differs` for other bytes.
  package func run(_ steps: Steps, _ events: (Event) -> Void) throws {
    let signed = try verification.run()
    let key = try settings.countersign.map { try SigningKey(private: $0) }
    guard let provenance = signed.provenance else { throw Failure.noProvenance(verification.signature) }
    try check(provenance)
    let weights = verification.weights
    let directory = "\(Files.parent(weights))/.\(Files.name(weights)).retrained"
    let lock = try FileLock("\(Files.parent(weights))/.\(Files.name(weights)).lock")
    defer { withExtendedLifetime(lock) {} }
    // What lies there may have come with the weights: a finished run in it would pass for a second making.
    try Files.remove(directory)
    try Files.makeDirectory(directory)
    let recipe = Recipe(provenance: provenance, settings: settings, directory: directory)
    let name = try steps.name(recipe)
    guard name == provenance.run.short else { throw Failure.otherRun(found: name, expected: provenance.run.short) }
    events(.began(provenance))
    try steps.train(recipe)
    // Of the name that was signed only the format: a stranger may have written a path.
    let copy = "\(directory)/weights.\(Files.ending(signed.name) ?? "bin")"
    try steps.export(recipe, name, copy)
    let found = try Digest.ofFile(copy)
    guard found == signed.digest else { throw Failure.otherBytes(copy, found: found, expected: signed.digest) }
    if let key { try countersign(signed, made(recipe, run: name), by: key) }
    events(.same(found, signature: key == nil ? nil : countersignature))
    try Files.remove(directory)
  }

  private func check(_ provenance: Provenance) throws {
    let differences = try provenance.differences(from: settings.shards)
    guard differences.isEmpty else { throw Failure.otherInputs(settings.shards, differences) }
    if provenance.configuration.initialWeights != nil, settings.initial == nil {
      throw Failure.startUnnamed(provenance.parent?.text)
    }
  }

  /// Where the weights come from that were just made, read off their run: what is countersigned is what was found, not
  /// what somebody said.
  private func made(_ recipe: Recipe, run: String) throws -> Provenance {
    let said = recipe.provenance
    let trained = try TrainedModel(
      runs: "\(recipe.directory)/runs", run: run, checkpoint: .step(said.step), averaged: said.output.averaged)
    let found = try Provenance(trained, output: said.output, shards: settings.shards)
    for (what, here, there) in [
      ("run", found.run.hex, said.run.hex), ("data", found.data.hex, said.data.hex),
      ("teacher", found.teacher ?? "none", said.teacher ?? "none"),
    ] where here != there { throw Failure.otherClaim(verification.signature, what, found: here, expected: there) }
    return found
  }

  private func countersign(_ signed: VerifyWeightsJob.Outcome, _ provenance: Provenance, by key: SigningKey) throws {
    var provenance = provenance
    provenance.retrained = .init(
      instructionSet: settings.instructionSet.name, threads: settings.threads, statement: signed.statement)
    let statement = ModelStatement(name: signed.name, digest: signed.digest, provenance: provenance)
    try SignatureBundle(try statement.payload, by: key).write(to: countersignature)
  }
}
