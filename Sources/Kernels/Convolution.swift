import Basics

/// The size of one convolution layer on one microbatch. Square kernels, no bias.
package struct ConvolutionShape: Hashable, Sendable {
  package var images: Int
  package var inputChannels: Int
  package var height: Int
  package var width: Int
  package var outputChannels: Int
  package var kernel: Int
  package var stride: Int
  package var padding: Int

  package init(
    images: Int, inputChannels: Int, height: Int, width: Int, outputChannels: Int, kernel: Int, stride: Int,
    padding: Int
  ) {
    self.images = images
    self.inputChannels = inputChannels
    self.height = height
    self.width = width
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  package var input: Extent { Extent(images: images, channels: inputChannels, height: height, width: width) }
  package var output: Extent {
    Extent(
      images: images, channels: outputChannels, height: (height + 2 * padding - kernel) / stride + 1,
      width: (width + 2 * padding - kernel) / stride + 1)
  }
  package var weightCount: Int { outputChannels * inputChannels * kernel * kernel }
  /// Multiplications and additions of one pass.
  package var operations: Double { 2 * Double(output.count) * Double(inputChannels * kernel * kernel) }
}

package enum ConvolutionPass: Int32, Sendable, CaseIterable {
  case forward = 0
  case backwardData = 1
  case backwardWeights = 2
}

/// One convolution layer, ready to run on microbatches of one size.
///
/// Runs on the calling thread; several threads may run one kernel at once, each with its own scratch. The same arguments give
/// the same bits. Weights go in and gradients come out in a packed layout of the kernel's own, so that packing is paid once a step.
package protocol ConvolutionKernel: AnyObject, Sendable {
  var shape: ConvolutionShape { get }
  /// Floats that one running thread needs.
  var scratchCount: Int { get }
  /// Floats of the packed weights (or, for backwardWeights, of the packed gradient).
  func packedCount(_ pass: ConvolutionPass) -> Int
  func name(_ pass: ConvolutionPass) -> String
  /// `[out, in, kernel, kernel]` into the layout of `pass` (forward or backwardData).
  func pack(_ weights: UnsafePointer<Float>, for pass: ConvolutionPass, into packed: UnsafeMutablePointer<Float>) throws
  func unpackGradient(_ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) throws
  func forward(
    _ x: UnsafePointer<Float>, packed: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) throws
  func backwardData(
    _ dy: UnsafePointer<Float>, packed: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) throws
  func backwardWeights(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) throws
}

/// Where a network gets its kernels from: the fast ones, or the plain ones that tests compare with.
package protocol KernelSource: Sendable {
  var layers: any LayerKernels { get }
  /// - Parameter dataGradient: whether the input's gradient is wanted (not for the first layer).
  func convolution(_ shape: ConvolutionShape, training: Bool, dataGradient: Bool) throws -> any ConvolutionKernel
  /// Everything about the machine and libraries that can change bits of a training.
  var identity: [String: String] { get }
}

extension Failure {
  package static func convolution(_ shape: ConvolutionShape, _ what: String) -> Failure {
    Failure(
      "kernel.convolution", "oneDNN cannot \(what) a convolution",
      on:
        "\(shape.images)×\(shape.inputChannels)×\(shape.height)×\(shape.width) → \(shape.outputChannels), kernel \(shape.kernel)",
      hint: "pipeline needs Debian's libdnnl 2.6: apt-get install libdnnl-dev")
  }
}
