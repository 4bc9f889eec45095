/// Convolution computed from its definition, summed in double precision. Packed weights are the same as the plain ones.
package final class PlainConvolution: UnfusedConvolution {
  package let shape: ConvolutionShape

  package init(_ shape: ConvolutionShape) { self.shape = shape }

  package var ops: any Ops { PlainOps() }
  package var bareScratchCount: Int { 0 }
  package func packedCount(_ pass: ConvolutionPass) -> Int { shape.weightCount }
  package func name(_ pass: ConvolutionPass) -> String { "reference" }

  package func pack(
    _ weights: UnsafePointer<Float>, for pass: ConvolutionPass, into packed: UnsafeMutablePointer<Float>
  ) {
    packed.update(from: weights, count: shape.weightCount)
  }

  package func unpackGradient(
    _ packed: UnsafePointer<Float>, piece: Int, into weights: UnsafeMutablePointer<Float>
  ) {
    weights.update(from: packed, count: shape.weightCount)
  }

  /// Calls `body` for every product with the offsets of input, weight and output.
  private func each(_ body: (_ x: Int, _ w: Int, _ y: Int) -> Void) {
    let (input, output, k) = (shape.input, shape.output, shape.kernel)
    for n in 0..<shape.images {
      for o in 0..<shape.outputChannels {
        for r in 0..<output.height {
          for q in 0..<output.width {
            let y = output.offset(n, o, r, q)
            for i in 0..<shape.inputChannels {
              for u in 0..<k {
                let row = r * shape.stride - shape.padding + u
                guard (0..<input.height).contains(row) else { continue }
                for v in 0..<k {
                  let column = q * shape.stride - shape.padding + v
                  guard (0..<input.width).contains(column) else { continue }
                  body(input.offset(n, i, row, column), ((o * shape.inputChannels + i) * k + u) * k + v, y)
                }
              }
            }
          }
        }
      }
    }
  }

  private func collect(
    _ count: Int, into result: UnsafeMutablePointer<Float>, _ body: (UnsafeMutablePointer<Double>) -> Void
  ) {
    var sums = [Double](repeating: 0, count: count)
    sums.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { body(start) } }
    for i in 0..<count { result[i] = Float(sums[i]) }
  }

  package func forward(
    _ x: UnsafePointer<Float>, packed: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) { collect(shape.output.count, into: y) { sums in each { sums[$2] += Double(x[$0]) * Double(packed[$1]) } } }

  package func backwardData(
    _ dy: UnsafePointer<Float>, packed: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) { collect(shape.input.count, into: dx) { sums in each { sums[$0] += Double(dy[$2]) * Double(packed[$1]) } } }

  package func backwardWeights(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) { collect(shape.weightCount, into: packed) { sums in each { sums[$1] += Double(x[$0]) * Double(dy[$2]) } } }
}

/// Only plain kernels: accurate, but so slow that a real clip takes hours.
package struct PlainBackend: Backend {
  package init() {}
  package var ops: any Ops { PlainOps() }
  package func convolution(_ shape: ConvolutionShape, training: Bool, dataGradient: Bool) -> any ConvolutionKernel {
    PlainConvolution(shape)
  }
  package func stem(_ shape: StemShape) -> any StemKernel { PlainStem(shape) }
  package var identity: [String: String] { ["kernels": "reference"] }
}
