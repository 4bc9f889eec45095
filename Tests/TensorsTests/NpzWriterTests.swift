import Basics
import TestSupport
import Testing

@testable import Tensors

@Suite struct NpzWriterTests {
  @Test("numpy reads every array of an archive", .enabled(if: Python.hasNumpy, "python3-numpy is absent"))
  func numpy() throws {
    let scratch = try Scratch()
    let file = try OutputFile(scratch["a.npz"])
    var writer = NpzWriter(file)
    try writer.add("b/ö", Tensor(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6]))
    try writer.add("-a", Tensor(shape: [0], floats: []))
    try writer.finish()
    try file.commit()
    let said = try Python.run(
      "import sys, numpy as np\nz = np.load(sys.argv[1])\nprint(sorted(z.files), z['b/ö'].tolist(), z['-a'].shape)",
      scratch["a.npz"])
    #expect(said == "['-a', 'b/ö'] [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] (0,)\n")
  }

  @Test("a safetensors header followed by the data equals the file written at once")
  func safetensors() throws {
    let tensors = try NamedTensors([
      ("b", Tensor(shape: [2], floats: [1, 2])), ("a", Tensor(shape: [1, 1], floats: [3])),
    ])
    let whole = try SafetensorsFile.bytes(of: tensors, metadata: ["k": "v"])
    let header = try SafetensorsFile.header(
      of: [("a", .float32, [1, 1]), ("b", .float32, [2])], metadata: ["k": "v"])
    #expect(header + Tensor(shape: [3], floats: [3, 1, 2]).bytes == whole)
  }
}
