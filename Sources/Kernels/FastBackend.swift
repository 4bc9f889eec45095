import Basics

/// Vector kernels for the shapes of the architectures, plain kernels for others. All instruction sets give the same
/// bits, except for bfloat16 products.
package struct FastBackend: Backend {
  package let ops: any Ops
  /// The precision of the factors in convolutions' products.
  package private(set) var precision: Precision
  private let instructionSet: InstructionSet

  /// - Parameter instructionSet: may be lower than the CPU's, to force a code path.
  /// - Throws: `precision.cpu` for bfloat16 products that this CPU or the code path does not have.
  package init(_ instructionSet: InstructionSet = .best, precision: Precision) throws {
    self.init(instructionSet)
    let canNarrow = self.instructionSet == .avx512 && InstructionSet.hasBFloat16
    guard precision == .float32 || canNarrow else { throw Failure.precisionOfCPU(precision, self.instructionSet) }
    self.precision = precision
  }

  package init(_ instructionSet: InstructionSet = .best) {
    self.instructionSet = min(instructionSet, .best)
    precision = .float32
    ops = VectorOps(self.instructionSet)
    InstructionSet.inUse = self.instructionSet
  }

  package func convolution(_ shape: ConvolutionShape, training: Bool, dataGradient: Bool) throws
    -> any ConvolutionKernel
  {
    if let own = OwnConvolution(shape, training: training, instructionSet, precision: precision) { return own }
    return PlainConvolution(shape)
  }

  package func stem(_ shape: StemShape) -> any StemKernel {
    FastStem(shape, instructionSet) ?? PlainStem(shape)
  }

  /// The kernels' version, which is incremented whenever their bits change, and the precision of the factors: trained
  /// weights depend on both.
  package var identity: [String: String] {
    var names = ["kernels": Self.version]
    // The bits of these products depend on how the CPU rounds sums.
    if precision != .float32 { names["products"] = precision.rawValue }
    return names
  }

  private static let version = "5"
}

extension Failure {
  static func precisionOfCPU(_ precision: Precision, _ instructionSet: InstructionSet) -> Failure {
    Failure(
      "precision.cpu", "products of bfloat16 need a CPU that has them", on: "--precision \(precision.rawValue)",
      found: instructionSet.name, expected: "avx512 with bfloat16", hint: "--precision float32", exit: .usage)
  }
}
