// ONNX nodes from the waveform to the normalized log spectrogram: reflect padding, a convolution with the windowed
// Fourier basis, power, logarithm, and the normalization of each batch row by itself.

import Basics
import Tensors

struct OnnxFrontEnd {
  let length: Int
  let hop: Int
  let logEpsilon: Float
  var bins: Int { length / 2 + 1 }

  /// - Parameter metadata: the front end's values; missing ones are those of the reference.
  /// - Throws: `onnx.front-end` for values that no graph can be built from.
  init(_ metadata: [String: String], path: String) throws {
    length = Self.number(metadata, "n_fft", 512)
    hop = Self.number(metadata, "hop_length", 353)
    logEpsilon = metadata["log_epsilon"].flatMap(Float.init) ?? 1e-7
    guard length > 0, length % 8 == 0, length <= 1 << 16, hop > 0, logEpsilon > 0 else {
      throw Failure(
        "onnx.front-end", "no graph can be built for this front end", on: path,
        found: "n_fft \(length), hop \(hop), log epsilon \(logEpsilon)", expected: "n_fft a multiple of 8")
    }
  }

  private static func number(_ metadata: [String: String], _ key: String, _ usual: Int) -> Int {
    metadata[key].flatMap(Int.init) ?? usual
  }

  static func leastSamples(_ metadata: [String: String]) -> Int { number(metadata, "n_fft", 512) / 2 }

  /// `[2 · bins, 1, length]`: rows of cosines, then of negative sines.
  var basis: [Float] {
    let turn = (0..<length).map { Turn.cosine($0, of: length) }
    var basis: [Float] = []
    basis.reserveCapacity(2 * bins * length)
    for quarter in [0, length / 4] {
      for bin in 0..<bins {
        // −sin x = cos(x + a quarter turn).
        for i in 0..<length { basis.append(Float(turn[(bin * i + quarter) % length])) }
      }
    }
    return basis
  }

  /// Adds the nodes and gives the name of the spectrogram, `[batch, 1, bins, frames]`.
  /// - Parameter window: the initializer with the window, `[length]`.
  func add(to graph: inout OnnxGraph, waveform: String, window: String) -> String {
    let pad = Int64(length / 2)
    graph.add("basis", [2 * bins, 1, length], basis)
    graph.add("log_epsilon", [], [logEpsilon])
    graph.add("deviation_epsilon", [], [1e-9])
    graph.add("channel_axis", integers: [1])
    graph.add("padding", integers: [0, 0, pad, 0, 0, pad])
    graph.add("planes", integers: [0, 2, Int64(bins), -1])
    graph.add("row_axes", integers: [1, 2, 3])
    graph.add("one", scalar: 1)
    let own = { (name: String) in OnnxModel.ownPrefix + name }
    graph.node("Unsqueeze", [waveform, own("channel_axis")], own("channel"))
    graph.node("Pad", [own("channel"), own("padding")], own("padded"), [.text("mode", "reflect")])
    graph.node("Mul", [own("basis"), window], own("kernel"))
    graph.node("Conv", [own("padded"), own("kernel")], own("transform"), [.integers("strides", [hop])])
    graph.node("Reshape", [own("transform"), own("planes")], own("parts"))
    graph.node("Mul", [own("parts"), own("parts")], own("squares"))
    graph.node("ReduceSum", [own("squares"), own("channel_axis")], own("power"), [.integer("keepdims", 1)])
    graph.node("Add", [own("power"), own("log_epsilon")], own("floored"))
    graph.node("Log", [own("floored")], own("log"))
    let rows: [OnnxGraph.Attribute] = [.integers("axes", [1, 2, 3]), .integer("keepdims", 1)]
    graph.node("ReduceMean", [own("log")], own("mean"), rows)
    graph.node("Sub", [own("log"), own("mean")], own("centred"))
    graph.node("Mul", [own("centred"), own("centred")], own("deviations"))
    graph.node("ReduceSum", [own("deviations"), own("row_axes")], own("sum"), [.integer("keepdims", 1)])
    // The unbiased deviation: divided by the number of values in a row minus one.
    graph.node("Shape", [own("log")], own("shape"), [.integer("start", 1)])
    graph.node("ReduceProd", [own("shape")], own("count"), [.integer("keepdims", 0)])
    graph.node("Sub", [own("count"), own("one")], own("freedom"))
    graph.node("Cast", [own("freedom")], own("divisor"), [.integer("to", Int(ElementType.float32.onnx))])
    graph.node("Div", [own("sum"), own("divisor")], own("variance"))
    graph.node("Sqrt", [own("variance")], own("root"))
    graph.node("Add", [own("root"), own("deviation_epsilon")], own("deviation"))
    graph.node("Div", [own("centred"), own("deviation")], own("spectrogram"))
    return own("spectrogram")
  }
}

/// Cosines of fractions of a turn, with basic arithmetic only: libm's last bit depends on the CPU, but a file's bytes
/// must not.
enum Turn {
  /// cos(2π · part / parts), where `parts` is a multiple of 8.
  static func cosine(_ part: Int, of parts: Int) -> Double {
    var part = part % parts
    if part > parts / 2 { part = parts - part }
    if part > parts / 4 { return -cosine(parts / 2 - part, of: parts) }
    let angle = { (part: Int) in 2 * Double.pi * Double(part) / Double(parts) }
    return part <= parts / 8 ? series(angle(part), from: 0) : series(angle(parts / 4 - part), from: 1)
  }

  /// The Taylor series for up to an eighth of a turn: of the cosine if `first` is 0, of the sine if it is 1.
  private static func series(_ x: Double, from first: Int) -> Double {
    var sum = 0.0
    for k in stride(from: first + 20, to: first, by: -2) { sum = (1 + sum) * (-x * x / Double(k * (k - 1))) }
    return (1 + sum) * (first == 1 ? x : 1)
  }
}
