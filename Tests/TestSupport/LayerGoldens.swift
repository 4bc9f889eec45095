import Basics
import Tensors

/// Outputs and gradients of layers and losses that `Scripts/reference/make-layer-goldens` computed with numpy in
/// double precision. Inputs and weights are generated here again, by the same generator.
package struct LayerGoldens: Sendable {
  private let arrays: NamedTensors
  private let seeds: [String: UInt64]

  package init() throws {
    let path = Files.parent(Files.parent(#filePath)) + "/Fixtures/layers/layers.safetensors"
    let (arrays, metadata) = try SafetensorsFile.read(try Files.read(path), source: path)
    self.arrays = arrays
    seeds = metadata.compactMapValues { UInt64($0) }
  }

  /// The names of the cases, of layers and of losses.
  package var cases: Set<String> { Set(seeds.keys) }

  /// The names of a case's arrays in the file: `output`, `conv1.weight gradient`, …
  package func names(of golden: String) -> [String] {
    arrays.names.filter { $0.hasPrefix("\(golden)/") && !$0.hasSuffix(".norm") }.map {
      String($0.dropFirst(golden.count + 1))
    }
  }

  /// Numbers in −1…1, multiples of 2⁻¹⁵, from a linear congruential generator that is seeded with a hash of the name.
  package func numbers(_ golden: String, _ name: String, count: Int) -> [Float] {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(golden)/\(name)".utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    state &+= seeds[golden] ?? 0
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int(state >> 48) - 32768) / 32768
    }
  }

  /// A parameter's values; the suffix of its name selects their distribution.
  package func parameter(_ golden: String, _ name: String, shape: [Int]) -> [Float] {
    let values = numbers(golden, name, count: shape.reduce(1, *))
    if name.hasSuffix("logit_scale") || name.hasSuffix("running_var") { return values.map { 1 + $0 / 2 } }
    guard shape.count == 1, name.hasSuffix(".weight") else { return values.map { $0 / 4 } }
    return values.enumerated().map { ($0 % 3 == 0 ? -1 : 1) * (1 + $1 / 2) }
  }

  /// How an array agrees with the file, which has the norm and, of a long array, evenly spaced elements.
  package func agreement(_ found: [Float], _ golden: String, _ name: String) throws -> Agreement {
    let expected = try arrays.required("\(golden)/\(name)").floats()
    guard let norm = try arrays["\(golden)/\(name).norm"]?.floats().first else { return Agreement(found, expected) }
    let length = found.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard found.count > expected.count, abs(length / Double(norm) - 1) < 1e-3 else { return Agreement([], expected) }
    return Agreement(expected.indices.map { found[$0 * found.count / expected.count] }, expected)
  }
}
