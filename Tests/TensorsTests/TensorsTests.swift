import Basics
import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Test files outside the repository, shared with other tools; without them the tests are skipped with a message.
enum Shared {
  static let root = ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared"
  static let formats = "\(root)/golden/formats"
  static var isThere: Bool { Files.exists("\(formats)/MANIFEST.json") }
  static let absent: Comment = "the shared golden files are absent: set PIPELINE_SHARED"
}

func failureCode(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return (error as? Failure)?.code ?? "\(error)"
  }
}

@Suite struct TensorValueTests {
  @Test("every float16 widens exactly and converts back")
  func float16() throws {
    let words = (0...UInt16.max).filter { !Float16(bitPattern: $0).isNaN }
    let bytes = words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    let tensor = try Tensor(shape: [words.count], type: .float16, bytes: bytes)
    #expect(try tensor.floats() == words.map { Float(Float16(bitPattern: $0)) })
    let back = try Tensor(shape: tensor.shape, floats: tensor.floats()).converted(to: .float16)
    #expect(back == tensor)
  }

  @Test("narrowing rounds to nearest, ties to even")
  func narrowing() throws {
    let wide = Tensor(shape: [4], floats: [1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1p-8 + 0x1p-20, .infinity])
    #expect(try wide.converted(to: .bfloat16).floats() == [1, 1 + 0x1p-6, 1 + 0x1p-7, .infinity])
    let halves = Tensor(shape: [2], floats: [1 + 0x1p-11, 1 + 3 * 0x1p-11])
    #expect(try halves.converted(to: .float16).floats() == [1, 1 + 0x1p-9])
    #expect(try Tensor(shape: [1], floats: [.nan]).converted(to: .bfloat16).floats()[0].isNaN)
  }

  @Test("a double is rounded to bfloat16 in one step, not by way of float32")
  func oneRounding() throws {
    let value = 1 + 0x1p-8 + 0x1p-40  // float32 rounds it to the tie, which would then round to even
    let double = try Tensor(shape: [1], type: .float64, bytes: withUnsafeBytes(of: value) { Array($0) })
    #expect(try double.converted(to: .bfloat16).floats() == [Float(1 + 0x1p-7)])
    #expect(try double.floats() == [Float(1 + 0x1p-8)])
  }

  @Test("impossible shapes are refused before anything is allocated")
  func shapes() {
    #expect(failureCode { _ = try Tensor.elementCount(shape: [1 << 62, 4], source: "t") } == "tensor.shape")
    #expect(failureCode { _ = try Tensor.elementCount(shape: [-1], source: "t") } == "tensor.shape")
    #expect(failureCode { _ = try Tensor(shape: [2], type: .float32, bytes: [0]) } == "tensor.shape")
  }

  @Test("names are unique")
  func duplicate() throws {
    var tensors = NamedTensors()
    try tensors.add("a", Tensor(shape: [1], floats: [1]))
    #expect(failureCode { try tensors.add("a", Tensor(shape: [1], floats: [2])) } == "tensor.duplicate")
    #expect(failureCode { _ = try tensors.required("b") } == "tensor.missing")
  }
}
