import ArgumentParser
import Basics
import Kernels

/// Which CLIP model to use, and settings that its files may lack.
struct CLIPOptions: ParsableArguments {
  @Option(help: .value("directory|file", "A CLIP model: a directory as the hubs publish it, or a file of weights."))
  var clip: String?
  @Option(help: .value("gelu|quick-gelu", "gelu or quick-gelu: of weights without a configuration beside them."))
  var activation: String?
  @Option(
    help: .value(
      "file", "The tokenizer: tokenizer.json, merges.txt or bpe_simple_vocab_16e6.txt.gz. (default: beside the weights)"
    ))
  var tokenizer: String?

  func kind() throws -> GELUKind? { try parsed("--activation", activation, GELUKind.init(rawValue:)) }
}
