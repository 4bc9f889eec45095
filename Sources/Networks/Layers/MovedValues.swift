import Kernels

/// For a layer that only moves values: the offset in the input of each run of the output, for one image.
struct Runs: Sendable {
  let starts: [Int32]
  let length: Int

  func gather(_ x: Floats, into y: MutableFloats) {
    for (place, start) in starts.enumerated() { (y + place * length).update(from: x + Int(start), count: length) }
  }

  func scatter(_ y: Floats, into x: MutableFloats) {
    for (place, start) in starts.enumerated() { (x + Int(start)).update(from: y + place * length, count: length) }
  }
}

/// A layer in training that only moves values. The gradient of values that it leaves out is zero.
final class MovedValues: Layer, @unchecked Sendable {
  let output: Activation
  private let input: Activation
  private let places: Runs

  init(_ input: Activation, _ output: Extent, _ places: Runs) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "moving layers read finished values")
    (self.input, self.places) = (input, places)
    self.output = Activation(output, input.microbatches)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        self.each(part) { x, y in self.places.gather(x, into: y) }
      })
    ]
  }

  var backward: [Step] {
    [
      Step(run: { part, _ in
        self.input.place(part).update(repeating: 0, count: self.input.extent(part).count)
        self.each(part) { x, y in self.places.scatter(y, into: x) }
        self.input.gradientIsWritten?(part)
      })
    ]
  }

  /// Calls `body` for each image with its input and output.
  private func each(_ part: Int, _ body: (_ x: MutableFloats, _ y: MutableFloats) -> Void) {
    for image in 0..<input.microbatches[part].count {
      body(
        input.place(part) + image * input.extent.imageCount, output.place(part) + image * output.extent.imageCount)
    }
  }
}

/// The same in inference.
struct FrozenMovedValues: FrozenLayer {
  let output: Extent
  let inputCount: Int
  let places: Runs

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    for image in 0..<images { places.gather(x + image * inputCount, into: y + image * output.imageCount) }
  }
}
