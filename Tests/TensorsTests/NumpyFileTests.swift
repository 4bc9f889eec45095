import Basics
import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct NumpyFileTests {
  static func file(_ header: String, data: Int) -> [UInt8] {
    var bytes = ByteWriter([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
    bytes.write(UInt16(header.utf8.count))
    return bytes.bytes + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  @Test(
    "headers of other writers are read",
    arguments: [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }\n",
      "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
      "{ 'fortran_order' : False , 'descr' : '=f4' , 'shape' : ( 2 , 3 , ) } ",
    ])
  func variants(_ header: String) throws {
    #expect(try NumpyFile.read(Self.file(header, data: 24), source: "t").shape == [2, 3])
  }

  @Test(
    "what numpy would not write is refused, with the reason",
    arguments: [
      ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "npy.pickle"),
      ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "npy.structured"),
      ("{'descr': '|V8', 'fortran_order': False, 'shape': (1,)}", "npy.structured"),
      ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "npy.type"),
      ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "npy.header"),
      ("{'descr': '<f4', 'shape': (1,)}", "npy.header"),
      ("{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", "npy.header"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "npy.shape"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", "npy.header"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8)}", "tensor.shape"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "npy.header"),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000,)}", "npy.short"),
      ("__import__('os')", "npy.header"),
    ])
  func refusals(_ header: String, _ code: String) {
    #expect(failureCode { _ = try NumpyFile.read(Self.file(header, data: 64), source: "t") } == code)
  }

  @Test(
    "written bytes are numpy's own, for every rank and type",
    .enabled(if: Python.hasNumpy, "no numpy for Python"))
  func asNumpyWrites() throws {
    let scratch = try Scratch()
    var (names, program) = ([String](), "import numpy as np, sys\n")
    for shape in [[], [5], [2, 3], [1, 2, 3, 4], [0, 512], [10_000_000, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]] {
      for type in ElementType.allCases {
        guard let name = type.numpyName else { continue }
        let path = scratch["\(names.count)"]
        program += "np.save(sys.argv[1] + '/py\(names.count).npy', np.zeros(\(shape), '\(name)'))\n"
        let tensor = try Tensor(
          shape: shape, type: type, bytes: [UInt8](repeating: 0, count: shape.reduce(1, *) * type.byteCount))
        try Files.write(NumpyFile.bytes(of: tensor), to: path)
        names.append(path)
      }
    }
    try Python.run(program.replacingOccurrences(of: "[]", with: "()"), scratch.path)
    for (i, path) in names.enumerated() {
      #expect(try Files.read(path) == Files.read(scratch["py\(i).npy"]), "file \(i)")
    }
  }
}
