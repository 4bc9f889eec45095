// What convolutions do to activations as they read and write them, so that no pass of its own goes over memory for it.

/// relu(x · scale + shift), by channel, on an input as it is read. Padding stays zero. On a residual without the ReLU.
package struct Prologue: @unchecked Sendable {
  package let scale: Floats
  package let shift: Floats

  package init(scale: Floats, shift: Floats) {
    self.scale = scale
    self.shift = shift
  }
}

/// What becomes of a result as it is written.
package enum Epilogue {
  case none
  /// It stays as it is; mean[c] and Σ (y − mean)² are taken, `[channels]` each.
  case moments(mean: Sums, m2: Sums)
  /// relu?(y · scale + shift + residual): a frozen batch norm and the block's addition.
  case norm(Normalization)
}

package struct Normalization {
  package var scale: Floats
  package var shift: Floats
  /// Like the result; through a scale and shift of its own, or as it is.
  package var residual: Floats?
  package var residualPrologue: Prologue?
  /// Whether the residual goes through a ReLU before it is added.
  package var residualRelu = false
  package var relu: Bool

  package init(
    scale: Floats, shift: Floats, residual: Floats? = nil, residualPrologue: Prologue? = nil,
    residualRelu: Bool = false,
    relu: Bool
  ) {
    self.scale = scale
    self.shift = shift
    self.residual = residual
    self.residualPrologue = residualPrologue
    self.residualRelu = residualRelu
    self.relu = relu
  }
}

/// What becomes of an input's gradient as it is written: dx = gradient + addend?, masked, summed.
package struct GradientEpilogue {
  /// What else flows into the same input.
  package enum Addend {
    /// As large as the input.
    case whole(Floats)
    /// For even rows and columns alone, packed: what a 1×1 convolution with stride 2 gives with `isCompact`.
    case even(Floats)
  }

  package var addend: Addend?
  /// Where this, seen through `prologue`, is not above zero, nothing flows. May be the memory of dx.
  package var activation: Floats?
  package var prologue: Prologue?
  package var sums: GradientSums?
  /// Of a 1×1 convolution with stride 2, alone: dx is for even rows and columns, which are all that has a gradient.
  package var isCompact = false

  package init(
    addend: Addend? = nil, activation: Floats? = nil, prologue: Prologue? = nil, sums: GradientSums? = nil
  ) {
    self.addend = addend
    self.activation = activation
    self.prologue = prologue
    self.sums = sums
  }

  package static var compact: GradientEpilogue {
    var epilogue = GradientEpilogue()
    epilogue.isCompact = true
    return epilogue
  }
}

/// Σ dx and Σ dx · (x − mean) by channel: what the batch norm before needs.
package struct GradientSums {
  package var x: Floats
  package var mean: Floats
  package var sums: Sums
  package var products: Sums

  package init(x: Floats, mean: Floats, sums: Sums, products: Sums) {
    self.x = x
    self.mean = mean
    self.sums = sums
    self.products = products
  }
}

/// Turns a buffer that holds a convolution's result y into the gradient through its norm: gradient · a + y · b + c.
package struct NormGradient {
  package var gradient: Floats
  package var a: Floats
  package var b: Floats
  package var c: Floats

  package init(gradient: Floats, a: Floats, b: Floats, c: Floats) {
    self.gradient = gradient
    self.a = a
    self.b = b
    self.c = c
  }
}
