import Basics
import Distillation
import Tensors
import WeightFiles

/// Which of a student's tensors go into a file.
package enum WeightParts: String, Sendable, CaseIterable {
  /// The encoder alone: 512 values before any projection.
  case encoder
  /// The encoder and the projection of its output into the teacher's space.
  case audio
  /// Also what only training needs: the projection of pictures, temperatures.
  case all

  private var prefixes: [String] {
    switch self {
    case .encoder: ["audio_encoder."]
    case .audio: ["audio_encoder.", "audio_transform."]
    case .all: [""]
    }
  }

  func holds(_ name: String) -> Bool { prefixes.contains { name.hasPrefix($0) } }
}

/// What goes into a weights file, and as what type.
package struct WeightSelection: Sendable {
  /// Nil: all that the format carries.
  package var parts: WeightParts?
  /// Float16 weights; running statistics and the window keep their type.
  package var half = false

  package init(parts: WeightParts? = nil, half: Bool = false) { (self.parts, self.half) = (parts, half) }

  /// The chosen tensors in the reference's order.
  /// - Throws: `weights.half` or `weights.parts` where the format cannot carry them, `weights.range` for a value that float16
  ///   cannot hold, `weights.none`.
  func of(_ weights: NamedTensors, for path: String) throws -> NamedTensors {
    let format = try WeightFiles.format(for: path)
    if half, !format.carriesHalf { throw Failure.halfNotCarried(path, format.name) }
    if parts == .all, format.isAudioOnly { throw Failure.partsNotCarried(path, format.name) }
    let parts = parts ?? (format.isAudioOnly ? .audio : .all)
    var chosen = NamedTensors()
    for (name, tensor) in ReferenceOrder.sorted(weights.pairs.map { ($0.name, $0.tensor) }) where parts.holds(name) {
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

/// The order in which the reference's state dictionary has its entries; others follow as they came.
enum ReferenceOrder {
  static func sorted(_ pairs: [(String, Tensor)]) -> [(String, Tensor)] {
    pairs.enumerated().sorted { a, b in
      (rank(a.element.0), a.offset) < (rank(b.element.0), b.offset)
    }.map(\.element)
  }

  private static let encoder: [String: Int] = {
    var names = ["audio_encoder.spectrogram.window"]
    for layer in EncoderArchitecture().layers {
      names.append("audio_encoder.\(layer.weight)")
      for part in ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"] {
        names.append("audio_encoder.\(layer.norm).\(part)")
      }
    }
    return Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
  }()

  private static let heads: [String: Int] = {
    let projections = ["audio_transform", "image_transform"].flatMap { name in
      [0, 3].flatMap { ["\(name).sequential.\($0).weight", "\(name).sequential.\($0).bias"] }
    }
    let names = projections + ["loss_fn_i", "loss_fn_a", "loss_fn"].map { "\($0).logit_scale" }
    return Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, 1 << 16 + $0) })
  }()

  private static func rank(_ name: String) -> Int { encoder[name] ?? heads[name] ?? .max }
}
