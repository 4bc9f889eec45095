import Basics
import Glibc
import Kernels
import Networks
import Tensors

/// A model's tensors in a mapped file: the towers that their shapes describe, and the place of each weight.
struct CLIPTensors {
  let names: CLIPNames
  private let path: String
  private let places: [String: TensorPlace]

  init(_ file: MappedFile, _ files: CLIPFiles) throws {
    path = file.path
    places = try files.places(file)
    guard let names = CLIPNames(places.keys) else { throw Failure.clipNoTower(path, found: places.keys.sorted()) }
    self.names = names
  }

  /// The type of most weights, counted in bytes.
  var stored: String {
    let counts = places.values.reduce(into: [String: Int]()) { $0[$1.type.rawValue, default: 0] += $1.range.count }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "float32"
  }

  // MARK: Shapes

  /// The shape of one of the towers' parameters according to the file; nil if the file does not have it.
  private func shape(_ name: String) -> [Int]? {
    let source = names.source(name)
    guard var shape = places[source.name]?.shape else { return nil }
    if source.third != nil, let first = shape.first { shape[0] = first / 3 }
    if source.isTransposed { shape.reverse() }
    return shape
  }

  private func shape(_ name: String, rank: Int) throws -> [Int] {
    guard let shape = shape(name) else {
      throw Failure("tensor.missing", "the file has no such tensor", on: "\(path), \(names.source(name).name)")
    }
    guard shape.count == rank, shape.allSatisfy({ (1...1 << 24).contains($0) }) else {
      throw Failure.clipShape(path, names.source(name).name, shape, expected: "\(rank) axes")
    }
    return shape
  }

  /// The towers, as described by the tensors' shapes and completed by the configuration.
  /// - Throws: `clip.shape`, `clip.config`, `clip.activation`, `clip.heads`.
  func towers(
    _ configuration: CLIPConfiguration, activation: GELUKind?
  ) throws -> (VisionTransformer?, TextTransformer?) {
    var vision: VisionTransformer?
    if shape("vision.patch_embedding.weight") != nil {
      let patches = try shape("vision.patch_embedding.weight", rank: 4)
      let (tokens, width) = (try shape("vision.position_embedding", rank: 2)[0], patches[0])
      let side = Int(Double(max(0, tokens - 1)).squareRoot().rounded())
      guard patches[1] == 3, patches[2] == patches[3], side > 0, side * side + 1 == tokens else {
        throw Failure.clipShape(
          path, names.source("vision.patch_embedding.weight").name, patches,
          expected: "square patches of 3 colors, \(tokens) tokens")
      }
      let shape = try transformer("vision", width, configuration.vision, configuration, activation)
      let embedding = try self.shape("vision.projection.weight", rank: 2)[0]
      vision = VisionTransformer(shape, imageSize: side * patches[2], patchSize: patches[2], embedding: embedding)
      try agree(
        configuration.vision, "vision", ["image_size": side * patches[2], "patch_size": patches[2]], configuration.path)
      if let said = configuration.embedding, said != embedding {
        throw differs("embed_dim", said, embedding, configuration.path)
      }
    }
    var text: TextTransformer?
    if shape("text.token_embedding.weight") != nil {
      let (vocabulary, positions) = (
        try shape("text.token_embedding.weight", rank: 2), try shape("text.position_embedding", rank: 2)
      )
      let shape = try transformer("text", vocabulary[1], configuration.text, configuration, activation)
      let embedding = try self.shape("text.projection.weight", rank: 2)[0]
      text = TextTransformer(shape, vocabulary: vocabulary[0], context: positions[0], embedding: embedding)
      try agree(
        configuration.text, "text", ["vocab_size": vocabulary[0], "context_length": positions[0]], configuration.path)
      if let said = configuration.embedding, said != embedding {
        throw differs("embed_dim", said, embedding, configuration.path)
      }
    }
    return (vision, text)
  }

  private func differs(_ key: String, _ said: Int, _ found: Int, _ file: String?) -> Failure {
    Failure.clipConfiguration(file ?? path, key, says: "\(said)", tensors: "\(found)")
  }

  private func agree(_ tower: CLIPConfiguration.Tower, _ name: String, _ found: [String: Int], _ file: String?) throws {
    for (key, value) in found.sorted(by: { $0.key < $1.key }) {
      if let said = tower.numbers[key], said != value { throw differs("\(name) \(key)", said, value, file) }
    }
  }

  private func transformer(
    _ tower: String, _ width: Int, _ told: CLIPConfiguration.Tower, _ configuration: CLIPConfiguration,
    _ given: GELUKind?
  ) throws -> TransformerShape {
    var depth = 0
    while depth < 1 << 10, shape("\(tower).layers.\(depth).layer_norm1.weight") != nil { depth += 1 }
    let hidden = try shape("\(tower).layers.0.mlp.fc1.weight", rank: 2)[0]
    try agree(told, tower, ["hidden": hidden, "layers": depth, "width": width], configuration.path)
    guard let heads = told.heads ?? (width % 64 == 0 ? width / 64 : nil) else {
      throw Failure.clipHeads(path, width: width)
    }
    guard heads > 0, width % heads == 0 else { throw differs("\(tower) heads", heads, width, configuration.path) }
    if let said = told.gelu, let given, said != given {
      throw Failure.clipActivationDiffers(configuration.path ?? path, says: said, given: given)
    }
    guard let gelu = told.gelu ?? given else { throw Failure.clipActivationUnknown(path) }
    return TransformerShape(width: width, heads: heads, depth: depth, hidden: hidden, gelu: gelu)
  }

  // MARK: Weights

  /// The weights: matrices stay in the mapped file, all other parameters, which are small, are copied.
  /// - Throws: `tensor.missing`, `clip.shape`, `clip.type`, `clip.numbers`.
  func weights(_ specs: [ParameterSpec], in file: MappedFile) throws -> FrozenWeights {
    // Checked before memory is allocated: sizes that do not match the file are rejected here.
    for spec in specs { _ = try numbers(spec, names.source(spec.name), in: file) }
    let parameters = Parameters(specs)
    // Only scattered parts are filled: huge pages would allocate nearly the whole buffer.
    madvise(parameters.trainable.start, parameters.trainable.count * 4, MADV_NOHUGEPAGE)
    var elsewhere: [String: FrozenMatrix] = [:]
    for spec in specs {
      let source = names.source(spec.name)
      let numbers = try numbers(spec, source, in: file)
      if spec.shape.count == 2, spec.name.hasSuffix(".weight") {
        elsewhere[spec.name] = FrozenMatrix(numbers, isTransposed: source.isTransposed)
      } else {
        let place = parameters.weights(spec.name)
        numbers.widen(spec.count, into: place)
        guard (0..<spec.count).allSatisfy({ place[$0].isFinite }) else {
          throw Failure.clipNotFinite(path, source.name)
        }
      }
    }
    return FrozenWeights(parameters, elsewhere: elsewhere, in: file)
  }

  private func numbers(_ spec: ParameterSpec, _ source: CLIPSource, in file: MappedFile) throws -> WeightNumbers {
    guard let place = places[source.name], let start = file.bytes.baseAddress else {
      throw Failure("tensor.missing", "the file has no such tensor", on: "\(path), \(source.name)")
    }
    let kinds: [ElementType: WeightNumbers.Kind] = [.float32: .float32, .float16: .float16, .bfloat16: .bfloat16]
    guard let kind = kinds[place.type] else { throw Failure.clipType(path, source.name, place.type.safetensorsName) }
    var expected = source.isTransposed ? spec.shape.reversed() : spec.shape
    if source.third != nil { expected[0] *= 3 }
    // A convolution kernel and a matrix that multiplies patches have the same numbers in the same order.
    let found =
      place.shape.count == 4 && expected.count == 2 && !place.shape.contains(0)
      ? [place.shape[0], place.shape[1...].reduce(1, *)] : place.shape
    guard found == expected else { throw Failure.clipShape(path, source.name, place.shape, expected: "\(expected)") }
    return WeightNumbers(start + place.range.lowerBound, kind).dropping((source.third ?? 0) * spec.count)
  }
}
