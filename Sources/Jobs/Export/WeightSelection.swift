import Basics
import Models
import Networks
import Tensors
import Training

/// Which of a student's tensors are written to a file.
package enum WeightParts: String, Sendable, CaseIterable {
  /// The encoder alone: 512 values before any projection.
  case encoder
  /// The encoder and the projection of its output into the teacher's space.
  case audio
  /// Also tensors that only training needs: the projection of frames, temperatures.
  case all

  private var prefixes: [String] {
    switch self {
    case .encoder: [Architecture.prefix]
    case .audio: [Architecture.prefix, Projection.audio + "."]
    case .all: [""]
    }
  }

  func holds(_ name: String) -> Bool { prefixes.contains { name.hasPrefix($0) } }
}

/// What is written to a weights file, and with which type.
package struct WeightSelection: Sendable {
  /// Nil for everything that the format supports.
  package var parts: WeightParts?
  /// Whether weights are float16; running statistics and the window keep their type.
  package var half = false

  package init(parts: WeightParts? = nil, half: Bool = false) { (self.parts, self.half) = (parts, half) }

  /// The chosen tensors in the reference's order.
  /// - Throws: `weights.half` or `weights.parts` when the format does not support them, `weights.range` for a value
  ///   that float16 cannot represent, `weights.none`.
  func of(_ weights: NamedTensors, _ architecture: Architecture, for path: String) throws -> NamedTensors {
    let format = try WeightFiles.format(for: path)
    if half, !format.carriesHalf { throw Failure.halfNotCarried(path, format.name) }
    if parts == .all, format.isAudioOnly { throw Failure.partsNotCarried(path, format.name) }
    let parts = parts ?? (format.isAudioOnly ? .audio : .all)
    var chosen = NamedTensors()
    for (name, tensor) in StateDictionary.sorted(
      weights.pairs.map { ($0.name, $0.tensor) }, architecture)
    where parts.holds(name) {
      try chosen.add(name, try converted(name, tensor, widens: !format.carriesHalf))
    }
    guard !chosen.isEmpty else { throw Failure.noPart(path, parts.rawValue, among: weights.names) }
    return chosen
  }

  private func converted(_ name: String, _ tensor: Tensor, widens: Bool) throws -> Tensor {
    guard tensor.type.isFloating else { return tensor }
    if widens { return try tensor.converted(to: .float32) }
    guard half, !name.contains(".running_"), !name.hasSuffix(".window") else { return tensor }
    let narrow = try tensor.converted(to: .float16)
    let isFinite = try zip(tensor.floats(), narrow.floats()).allSatisfy { $1.isFinite || !$0.isFinite }
    guard isFinite else { throw Failure.halfRange(name) }
    return narrow
  }
}
