import ArgumentParser
import Basics
import Export

/// The options of `export` and `convert` that select weights.
struct WeightOptions: ParsableArguments {
  @Flag(help: "Weights as float16; running statistics stay as they are. For .safetensors, .bin and .pt.")
  var half = false

  @Option(
    help: .value(
      "encoder|audio|all",
      "encoder, audio (with its projection) or all (what training needs too). (default: all that the format carries)"))
  var parts: String?

  func selection() throws -> WeightSelection {
    WeightSelection(parts: try parsed("--parts", parts, WeightParts.init), half: half)
  }
}

extension WeightOutput {
  /// For people: what was written.
  var line: String {
    "\(path): \(tensors) tensors, \(byteText(bytes)), sha256 \(digest.short)\(wasUpToDate ? "; up to date" : "")"
  }

  /// For machines.
  var fields: [String: Any] {
    ["file": path, "tensors": tensors, "bytes": bytes, "sha256": digest.hex, "upToDate": wasUpToDate]
  }
}
