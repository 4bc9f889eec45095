import Attestation
import Basics
import Kernels
import Runs
import Training

/// How the training of a statement is repeated on this machine.
package struct RetrainSettings: Sendable {
  package var shards = "shards"
  /// The initial weights, if they were not random: a file or a run.
  package var initial: String?
  package var instructionSet = InstructionSet.best
  package var threads = Machine.processors
  /// The file of the private key, PEM, that signs the repeated training; nil signs nothing.
  package var countersign: String?

  package init() {}
}

/// Makes weights again from the shards that their statement names, and compares the bytes.
///
/// Training and exporting are separate jobs, which are passed in as `Steps`.
package struct RetrainJob {
  /// What to make.
  package struct Recipe: Sendable {
    package let provenance: Provenance
    package let settings: RetrainSettings
    /// A private directory for the run.
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
    /// The new signature; nil without countersigning.
    case same(Digest, signature: String?)
  }

  package let verification: VerifyWeightsJob
  package let settings: RetrainSettings

  package init(_ verification: VerifyWeightsJob, _ settings: RetrainSettings) {
    (self.verification, self.settings) = (verification, settings)
  }

  /// The path of the countersignature.
  package var countersignature: String { "\(verification.weights).retrained.sig" }

  /// - Throws: errors of checking the signature; `retrain.unknown` for a statement without our provenance;
  ///   `retrain.input` when shards, program or initial weights differ; `retrain.differs` for other bytes.
  package func run(_ steps: Steps, _ events: (Event) -> Void) throws {
    let signed = try verification.run()
    let key = try settings.countersign.map { try SigningKey(private: $0) }
    guard let provenance = signed.provenance else { throw Failure.noProvenance(verification.signature) }
    try check(provenance)
    let weights = verification.weights
    let directory = "\(Files.parent(weights))/.\(Files.name(weights)).retrained"
    let lock = try FileLock("\(Files.parent(weights))/.\(Files.name(weights)).lock")
    defer { withExtendedLifetime(lock) {} }
    // An existing directory may have come with the weights: a finished run in it would pass for a repeated training.
    try Files.remove(directory)
    try Files.makeDirectory(directory)
    let recipe = Recipe(provenance: provenance, settings: settings, directory: directory)
    let name = try steps.name(recipe)
    guard name == provenance.run.short else { throw Failure.otherRun(found: name, expected: provenance.run.short) }
    events(.began(provenance))
    try steps.train(recipe)
    // Only the extension of the signed name is used: a stranger may have signed a path.
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

  /// The provenance of the new weights, read from their run: the countersignature states what was found, not what the
  /// original statement claims.
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
