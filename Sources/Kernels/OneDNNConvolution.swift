import Basics
import COneDNN

/// Convolution through oneDNN: Winograd for stride-1 3×3 where the CPU has it, else direct.
package final class OneDNNConvolution: UnfusedConvolution, @unchecked Sendable {
  package let shape: ConvolutionShape
  package let ops: any Ops
  private let plan: OpaquePointer

  package init(_ shape: ConvolutionShape, training: Bool, dataGradient: Bool, ops: any Ops) throws {
    self.shape = shape
    self.ops = ops
    var raw = onednn_shape(
      images: Int64(shape.images), in_channels: Int64(shape.inputChannels), in_height: Int64(shape.height),
      in_width: Int64(shape.width), out_channels: Int64(shape.outputChannels), kernel: Int64(shape.kernel),
      stride: Int64(shape.stride), padding: Int64(shape.padding))
    guard let plan = onednn_plan_create(&raw, training ? 1 : 0, dataGradient ? 1 : 0) else {
      throw Failure.convolution(shape, "prepare")
    }
    self.plan = plan
  }

  deinit { onednn_plan_destroy(plan) }

  package var bareScratchCount: Int { onednn_plan_scratch(plan) / 4 }

  package func packedCount(_ pass: ConvolutionPass) -> Int { onednn_plan_packed(plan, raw(pass)) / 4 }

  package func name(_ pass: ConvolutionPass) -> String { String(cString: onednn_plan_name(plan, raw(pass))) }

  private func raw(_ pass: ConvolutionPass) -> onednn_pass { onednn_pass(rawValue: UInt32(pass.rawValue)) }

  private func check(_ status: Int32, _ what: String) throws {
    guard status == 0 else { throw Failure.convolution(shape, what) }
  }

  package func pack(
    _ weights: UnsafePointer<Float>, for pass: ConvolutionPass, into packed: UnsafeMutablePointer<Float>
  ) throws {
    try check(onednn_pack(plan, raw(pass), weights, packed), "pack weights for")
  }

  package func unpackGradient(
    _ packed: UnsafePointer<Float>, piece: Int, into weights: UnsafeMutablePointer<Float>
  ) throws {
    try check(onednn_unpack_gradient(plan, packed, weights), "unpack gradients of")
  }

  package func forward(
    _ x: UnsafePointer<Float>, packed: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) throws { try check(onednn_run_forward(plan, x, packed, y, scratch), "run") }

  package func backwardData(
    _ dy: UnsafePointer<Float>, packed: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) throws { try check(onednn_run_backward_data(plan, dy, packed, dx, scratch), "run backward") }

  package func backwardWeights(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) throws { try check(onednn_run_backward_weights(plan, x, dy, packed, scratch), "run the weights of") }
}
