// Operations that convolutions apply to activations while they read and write them, so that no separate pass over
// memory is needed.

/// relu(x · scale + shift) by channel, applied to an input while it is read; padding stays zero. Applied to a residual
/// without the ReLU.
package struct Prologue: @unchecked Sendable {
  package let scale: Floats
  package let shift: Floats

  package init(scale: Floats, shift: Floats) {
    self.scale = scale
    self.shift = shift
  }
}

/// What is done to a result while it is written.
package enum Epilogue {
  case none
  /// The result is unchanged; mean[c] and Σ (y − mean)² are computed, `[channels]` each.
  case moments(mean: Sums, m2: Sums)
  /// relu?(y · scale + shift + residual): a frozen batch norm and the block's addition.
  case norm(Normalization)
}

package struct Normalization {
  package var scale: Floats
  package var shift: Floats
  /// The same size as the result; added with its own scale and shift, or as it is.
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

/// What is done to an input's gradient while it is written: dx = gradient + addend?, masked, summed.
package struct GradientEpilogue {
  /// Another gradient of the same input.
  package enum Addend {
    /// The same size as the input.
    case whole(Floats)
    /// Only for even rows and columns, packed: the result of a 1×1 convolution with stride 2 and `isCompact`.
    case even(Floats)
  }

  package var addend: Addend?
  /// Where this, with `prologue` applied, is not above zero, the gradient becomes zero. May be the memory of dx.
  package var activation: Floats?
  package var prologue: Prologue?
  package var sums: GradientSums?
  /// Only for a 1×1 convolution with stride 2: dx has only the even rows and columns, since no others have a gradient.
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

/// Σ dx and Σ dx · (x − mean) by channel, which the preceding batch norm needs.
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

/// Replaces a convolution's result y by the gradient through its norm: gradient · a + y · b + c.
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
