import ArgumentParser
import Attest
import Basics
import Kernels
import Runs

/// The options of `export --attest`.
struct AttestOptions: ParsableArguments {
  @Flag(help: "Sign the file: what it is and where it comes from, in FILE.sig as OpenSSF Model Signing v1 has it.")
  var attest = false
  @Option(help: .value("file", "With --attest: the private key, PEM on P-256 without a passphrase.")) var key: String?
  @Option(help: .value("directory", "With --attest: the training shards that the run was trained on."))
  var shards = "shards"

  func validate() throws {
    guard attest == (key != nil) else {
      throw ValidationError("--attest and --key PRIVATE.pem go together: it is the key that signs")
    }
  }

  func job(_ path: String) -> AttestJob? { attest ? key.map { AttestJob(path, key: $0, shards: shards) } : nil }
}

/// The options of `verify` for a weights file.
struct VerifyWeightsOptions: ParsableArguments {
  @Option(help: .value("file", "Of weights: the signer's public key, PEM.")) var key: String?
  @Option(help: .value("file", "Of weights: the signature. (default: the file's name with .sig)")) var signature:
    String?
  @Flag(help: "Make the weights again from the shards that their signature names, and compare the bytes.")
  var retrain = false
  @Option(
    help: .value("file", "With --retrain: sign what was found with this private key, in FILE.retrained.sig."))
  var countersign: String?
  @Option(
    name: .customLong("init"),
    help: .value("file|run", "With --retrain: the weights that training started from, a file or a run."))
  var initial: String?
  @OptionGroup var isa: InstructionSetOption
  @Option(help: .value("count", "With --retrain: threads; the weights do not depend on it."))
  var threads = Machine.processors

  func validate() throws { try check("--threads", threads, 1...) }

  func verification(_ weights: String) throws -> VerifyWeightsJob {
    guard let key else {
      throw Failure(
        "usage.key", "weights are checked against their signer's key", on: weights, expected: "--key PUBLIC.pem",
        exit: .usage)
    }
    return VerifyWeightsJob(weights, key: key, signature: signature)
  }

  /// - Parameter shards: nil takes the default directory.
  func retraining(_ verification: VerifyWeightsJob, shards: String?) throws -> RetrainJob {
    var settings = RetrainSettings()
    settings.shards = shards ?? settings.shards
    (settings.initial, settings.countersign) = (initial, countersign)
    (settings.instructionSet, settings.threads) = (try isa.chosen(), threads)
    return RetrainJob(verification, settings)
  }
}
