import Basics
import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct TorchZipTests {
  static func sample() throws -> NamedTensors {
    var tensors = try NamedTensors([
      ("conv1.weight", Tensor(shape: [2, 1, 3], floats: [1, -2, 3.5, 0, 1e-20, .infinity])),
      ("bn1.num_batches_tracked", Tensor(scalar: 12_345_678_901)),
      ("empty", Tensor(shape: [0, 4], floats: [])),
    ])
    let wide = Tensor(shape: [300, 2], floats: (0..<600).map { Float($0) / 8 })
    for type in [ElementType.float16, .bfloat16, .float64] { try tensors.add(type.rawValue, wide.converted(to: type)) }
    return tensors
  }

  @Test("tensors and records are read back in order; the same tensors give the same bytes")
  func roundTrip() throws {
    let tensors = try Self.sample()
    let records = ["pipeline.json": Array("{}".utf8)]
    let bytes = try TorchZip.bytes(of: tensors, records: records)
    let (again, found) = try TorchZip.read(bytes, source: "t")
    #expect(again == tensors)
    #expect(found == records)
    #expect(try TorchZip.bytes(of: tensors, records: records) == bytes)
  }

  @Test(
    "torch.load reads it with weights_only, with the same values",
    .enabled(if: Python.hasTorch, "no torch for Python"))
  func torchLoads() throws {
    let scratch = try Scratch()
    let path = scratch["w.bin"]
    try Files.write(TorchZip.bytes(of: Self.sample(), records: ["pipeline.json": Array("{}".utf8)]), to: path)
    let text = try Python.run(
      """
      import torch, sys, zipfile
      d = torch.load(sys.argv[1], weights_only=True)
      assert list(d) == ['conv1.weight', 'bn1.num_batches_tracked', 'empty', 'float16', 'bfloat16', 'float64'], list(d)
      assert d['conv1.weight'].tolist() == [[[1, -2, 3.5]], [[0, float(torch.tensor(1e-20)), float('inf')]]]
      n = d['bn1.num_batches_tracked']; assert n.dtype == torch.int64 and n.shape == () and int(n) == 12345678901
      assert d['empty'].shape == (0, 4)
      want = torch.arange(600, dtype=torch.float32).reshape(300, 2) / 8
      for k in ('float16', 'bfloat16', 'float64'):
        assert torch.equal(d[k], want.to(getattr(torch, k))), k
      z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
      for i in z.infolist():
        assert i.date_time == (1980, 1, 1, 0, 0, 0), i
        z.fp.seek(i.header_offset + 26); n, e = z.fp.read(2), z.fp.read(2)
        assert (i.header_offset + 30 + int.from_bytes(n, 'little') + int.from_bytes(e, 'little')) % 64 == 0, i
      assert z.read('archive/pipeline.json') == b'{}'
      print('loaded')
      """, path)
    #expect(text == "loaded\n")
  }

  @Test(
    "what torch.save writes is read: shared storages, strides, offsets, OrderedDict state, a nested state_dict",
    .enabled(if: Python.hasTorch, "no torch for Python"))
  func readsTorch() throws {
    let scratch = try Scratch()
    try Python.run(
      """
      import torch, sys, collections
      base = torch.arange(24, dtype=torch.float32)
      m = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
      d = m.state_dict()
      d['view'] = base.reshape(4, 6).t()[1:3]; d['tail'] = base[20:]; d['expanded'] = base[:1].expand(5)
      d['parameter'] = torch.nn.Parameter(base[:2].clone()); d['half'] = base.half()
      d['flag'] = torch.tensor([True, False])
      torch.save(d, sys.argv[1] + '/plain.pt')
      torch.save({'epoch': 3, 'lr': 0.5, 'state_dict': d, 'note': [None, ('x', 2**40)]}, sys.argv[1] + '/nested.pt')
      torch.save(d, sys.argv[1] + '/legacy.pt', _use_new_zipfile_serialization=False)
      torch.save(m, sys.argv[1] + '/model.pt')
      torch.save(base, sys.argv[1] + '/bare.pt')
      """, scratch.path)
    let (plain, _) = try TorchZip.read(Files.read(scratch["plain.pt"]), source: "plain")
    #expect(try plain.required("view").shape == [2, 4])
    #expect(try plain.required("view").floats() == [1, 7, 13, 19, 2, 8, 14, 20])
    #expect(try plain.required("tail").floats() == [20, 21, 22, 23])
    #expect(try plain.required("expanded").floats() == [0, 0, 0, 0, 0])
    #expect(try plain.required("parameter").floats() == [0, 1])
    #expect(try plain.required("half").floats() == (0..<24).map(Float.init))
    #expect(try plain.required("flag").integers() == [1, 0])
    #expect(try plain.required("1.num_batches_tracked") == Tensor(scalar: 0))
    #expect(try TorchZip.read(Files.read(scratch["nested.pt"]), source: "nested").tensors == plain)
    for (name, code) in [("legacy", "torch.legacy"), ("model", "torch.pickle"), ("bare", "torch.weights")] {
      #expect(failureCode { _ = try TorchZip.read(Files.read(scratch["\(name).pt"]), source: name) } == code)
    }
  }

  static func checkpoint(_ pickle: [UInt8], storage: Int = 16) throws -> [UInt8] {
    final class Buffer { var bytes: [UInt8] = [] }
    let buffer = Buffer()
    var zip = StoredZipWriter { buffer.bytes += $0 }
    try zip.add("x/data.pkl", pickle)
    try zip.add("x/data/0", [UInt8](repeating: 0, count: storage))
    try zip.finish()
    return buffer.bytes
  }

  @Test("anything other than tensors is refused by name")
  func refusals() throws {
    let cases: [(String, String)] = [
      ("cos\nsystem\nX\u{4}\0\0\0true\u{85}R.", "os.system"),
      ("c__builtin__\neval\n.", "__builtin__.eval"),
      ("ctorch\nload\n.", "torch.load"),
      ("c", "end"), ("", "end"), (".", "empty stack"), ("t.", "no mark"), ("}K\u{1}s.", "empty stack"),
      ("h\u{5}.", "remembered"), ("ctorch\nFloatStorage\n)R.", "call of a storage"), ("I1\n.", "0x49"),
    ]
    for (pickle, evidence) in cases {
      do {
        _ = try TorchZip.read(Self.checkpoint(pickle.unicodeScalars.map { UInt8($0.value) }), source: "t")
        Issue.record("\(pickle) was taken")
      } catch let failure as Failure {
        #expect(failure.code == "torch.pickle")
        #expect(failure.description.contains(evidence), "\(failure)")
      }
    }
  }

  @Test("views outside their storage, and views larger than the file, are refused")
  func views() throws {
    func view(_ arguments: String) throws -> String? {
      let head =
        "}X\u{1}\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\u{7}\0\0\0storagectorch\nFloatStorage\nX\u{1}\0\0\00"
      let pickle = head + "X\u{3}\0\0\0cpuK\u{4}tQ" + arguments + "\u{89})tRs."
      let file = try Self.checkpoint(pickle.unicodeScalars.map { UInt8($0.value) })
      return failureCode { _ = try TorchZip.read(file, source: "t") }
    }
    #expect(try view("K\u{0}K\u{4}\u{85}K\u{1}\u{85}") == nil)
    #expect(try view("K\u{1}K\u{4}\u{85}K\u{1}\u{85}") == "torch.tensor")
    #expect(try view("K\u{0}K\u{2}\u{85}K\u{4}\u{85}") == "torch.tensor")
    #expect(try view("K\u{0}K\u{4}\u{85})") == "torch.tensor")
    #expect(try view("K\u{0}\u{8A}\u{4}\0\0\0\u{40}\u{85}K\u{0}\u{85}") == "torch.tensor")
    // Nothing to read, but an offset or sizes that overflow when multiplied.
    #expect(try view("\u{8A}\u{8}\0\0\0\0\0\0\0\u{40}K\u{0}\u{85}K\u{1}\u{85}") == "torch.tensor")
    let vast = "\u{8A}\u{6}\0\0\0\0\0\u{1}"
    #expect(try view("K\u{0}K\u{0}\(vast)\(vast)\u{87}K\u{1}\(vast)K\u{1}\u{87}") == nil)
    #expect(try view("\u{8A}\u{1}\u{FF}K\u{1}\u{85}K\u{1}\u{85}") == "torch.tensor")
  }

  @Test("damaged, compressed and truncated files are refused")
  func damage() throws {
    var bytes = try TorchZip.bytes(of: Self.sample())
    #expect(failureCode { _ = try TorchZip.read(Array(bytes.dropLast(10)), source: "t") } == "zip.magic")
    let data = try #require(
      bytes.indices.first { $0 % 64 == 0 && bytes[$0..<$0 + 4].elementsEqual([0, 0, 0x80, 0x3F]) })
    bytes[data] ^= 1
    #expect(failureCode { _ = try TorchZip.read(bytes, source: "t") } == "zip.checksum")
    #expect(failureCode { _ = try TorchZip.read(Array("hello".utf8), source: "t") } == "zip.magic")
  }
}
