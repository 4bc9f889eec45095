import ArgumentParser

/// Which audio encoder is used: the weights of a file or of a run.
struct EncoderOptions: ParsableArguments {
  @Option(
    help: .value(
      "file",
      "Weights of the audio encoder: .bin, .pt, .safetensors or .onnx. (default: the run trained last, else weights.bin)"
    ))
  var weights: String?
  @Option(
    name: .customLong("run"),
    help: .value("run", "A run in place of a file: its name, its identity, or the beginning of either."))
  var runName: String?

  /// Whether the user names one.
  var isGiven: Bool { weights != nil || runName != nil }
}
