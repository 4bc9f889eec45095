import Audio
import Basics
import Glibc
import Kernels
import Networks
import Tensors

/// A trained model from a file or a run: its architecture, the weights that embed audio, and their metadata.
package struct Model: Sendable {
  package let architecture: Architecture
  /// From the encoder's output into the teacher's space; nil if the model has none.
  package let projection: Projection?
  package let weights: FrozenWeights
  package let metadata: [String: String]

  package var parameters: Parameters { weights.parameters }
  /// Values of an embedding: the teacher's width, or the encoder's width without a projection.
  package var width: Int { projection?.outputs ?? architecture.width }
  /// The scope of the input normalization in training.
  package var normalization: NormalizationScope {
    metadata["normalization"].flatMap(NormalizationScope.init) ?? .clip
  }

  /// The metadata key of the architecture's name; absent for the standard one.
  package static let encoderKey = "encoder"

  /// From weights in memory, such as a run's.
  package init(
    _ architecture: Architecture, _ parameters: Parameters, projection: Projection?, metadata: [String: String] = [:]
  ) {
    (self.architecture, self.projection, self.metadata) = (architecture, projection, metadata)
    weights = FrozenWeights(parameters)
  }

  /// From tensors under the reference's names. Tensors that are not needed to embed audio are ignored.
  /// - Throws: `encoder.unknown`, `tensor.missing`, `weights.shape`.
  package init(_ tensors: NamedTensors, metadata: [String: String], source: String) throws {
    try self.init(
      tensors, shapes: Dictionary(uniqueKeysWithValues: tensors.pairs.map { ($0.name, $0.tensor.shape) }),
      metadata: metadata, source: source)
  }

  /// From a file. Float32 convolution weights stay in the mapped file; other tensors are copied.
  /// - Throws: the errors of reading the format and of `init(_:metadata:source:)`.
  package init(file path: String) throws {
    let file = try MappedFile(path)
    guard let (places, metadata) = try WeightFiles.places(file) else {
      let (tensors, metadata) = try WeightFiles.read(path)
      try self.init(tensors, metadata: metadata, source: path)
      return
    }
    let byName = Dictionary(places) { first, _ in first }
    let shapes = byName.mapValues(\.shape)
    let architecture = try Self.architecture(shapes, metadata)
    let kernels = architecture.parameters.filter { $0.shape.count == 4 }
    var (tensors, mapped) = (NamedTensors(), [String: Floats]())
    for spec in kernels {
      guard let place = byName[spec.name], place.type == .float32, place.shape == spec.shape,
        let start = file.bytes.baseAddress, (Int(bitPattern: start) + place.range.lowerBound) % 4 == 0
      else { continue }
      mapped[spec.name] = (start + place.range.lowerBound).assumingMemoryBound(to: Float.self)
    }
    for (name, place) in byName where mapped[name] == nil && Self.embedsAudio(name) {
      try tensors.add(name, try place.tensor(in: file.bytes), source: path)
    }
    try self.init(tensors, shapes: shapes, metadata: metadata, source: path, mapped: mapped, in: file)
  }

  private static func embedsAudio(_ name: String) -> Bool {
    name.hasPrefix(Architecture.prefix) || name.hasPrefix(Projection.audio + ".")
  }

  private init(
    _ tensors: NamedTensors, shapes: [String: [Int]], metadata: [String: String], source: String,
    mapped: [String: Floats] = [:], in owner: (any AnyObject & Sendable)? = nil
  ) throws {
    architecture = try Self.architecture(shapes, metadata)
    projection = try Self.projection(shapes, encoder: architecture.width, source: source)
    self.metadata = metadata
    let parameters = Parameters(architecture.parameters + (projection?.parameters ?? []))
    if !mapped.isEmpty {
      // Only scattered parts are filled: huge pages would allocate nearly the whole buffer.
      madvise(parameters.trainable.start, parameters.trainable.count * 4, MADV_NOHUGEPAGE)
    }
    try StateDictionary.load(tensors, into: parameters, except: Set(mapped.keys), source: source)
    weights =
      owner.map {
        FrozenWeights(
          parameters, elsewhere: mapped.mapValues { FrozenMatrix(WeightNumbers($0)) }, in: $0)
      } ?? FrozenWeights(parameters)
  }

  /// The one named in the metadata, else the built-in one with the tensors' shapes, else the standard one, for which
  /// loading then reports the missing tensors.
  private static func architecture(_ shapes: [String: [Int]], _ metadata: [String: String]) throws -> Architecture {
    if let name = metadata[encoderKey] { return try .named(name) }
    let found = Architecture.resNet(withShapes: shapes)
    return found.flatMap { found in builtInArchitectures.first { $0.name == found.name } } ?? .standard
  }

  /// The projection that the shapes of its two layers describe.
  /// - Throws: `weights.shape` if the layers do not fit together.
  private static func projection(_ shapes: [String: [Int]], encoder: Int, source: String) throws -> Projection? {
    let (first, last) = (Projection.weight(Projection.audio, 0), Projection.weight(Projection.audio, 3))
    guard let inner = shapes[first] else { return nil }
    guard inner.count == 2, inner[1] == encoder else {
      throw Failure.weightShape("\(source), \(first)", inner, expected: [inner.first ?? encoder, encoder])
    }
    let outer = shapes[last] ?? [encoder, inner[0]]
    guard outer.count == 2, outer[1] == inner[0] else {
      throw Failure.weightShape("\(source), \(last)", outer, expected: [outer.first ?? encoder, inner[0]])
    }
    return Projection(Projection.audio, inputs: encoder, hidden: inner[0], outputs: outer[0])
  }
}

extension Model {
  /// The operators from the spectrogram to the embedding, for files that contain a graph.
  /// - Parameter input: the name of the spectrogram.
  /// - Returns: the graph, and the names of the encoder's output and of the embedding.
  static func operators(
    _ architecture: Architecture, projection: Projection?, input: String
  ) -> (graph: OperatorGraph, encoding: String, embedding: String) {
    var graph = OperatorGraph()
    let encoding = architecture.layers.reduce(input) { $1.operators($0, into: &graph) }
    let embedding = (projection?.layers ?? []).reduce(encoding) { $1.operators($0, into: &graph) }
    return (graph, encoding, embedding)
  }

  /// The architecture of a weights file's tensors: the one named in the metadata, else the one with the tensors'
  /// shapes, else the standard one.
  /// - Throws: `encoder.unknown`.
  package static func architecture(of tensors: NamedTensors, _ metadata: [String: String]) throws -> Architecture {
    try outline(tensors, metadata: metadata, source: "").architecture
  }

  /// The architecture, built-in or not, and the projection that a weights file's tensors and metadata describe.
  static func outline(
    _ tensors: NamedTensors, metadata: [String: String], source: String
  ) throws -> (architecture: Architecture, projection: Projection?) {
    let shapes = Dictionary(uniqueKeysWithValues: tensors.pairs.map { ($0.name, $0.tensor.shape) })
    let named = try metadata[encoderKey].map(Architecture.named)
    let architecture = named ?? Architecture.resNet(withShapes: shapes) ?? .standard
    return (architecture, try projection(shapes, encoder: architecture.width, source: source))
  }
}
