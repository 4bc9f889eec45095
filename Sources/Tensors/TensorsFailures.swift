// The messages of this module. Readers report a problem with its evidence; the text is added here.

import Basics

enum NumpyProblem {
  case magic([UInt8])
  case version(UInt8)
  case headerCut
  case literal(String)
  case keys([String])
  case order, shape
  case structured
  case pickle(String)
  case type(String)
  case short(found: Int, expected: Int)
}

enum SafetensorsProblem {
  case headerSize(UInt64, limit: Int)
  case headerCut(found: Int, expected: Int)
  case json(String)
  case entry(String, String)
  case type(String, String)
  case hole(String, found: Int, expected: Int)
  case size(String, found: Int, expected: Int)
  case end(found: Int, expected: Int)
  case metadata
}

enum ZipProblem {
  case notZip
  case directory(String)
  case entry(String, String)
  case compressed(String, method: UInt16)
  case checksum(String)
  case duplicate(String)
  case large(Int)
}

enum TorchProblem {
  case legacy, noPickle
  case opcode(UInt8, at: Int)
  case global(String)
  case cut(at: Int)
  case misuse(String, at: Int)
  case storage(String, String)
  case tensor(String)
  case type(ElementType)
  case amplified(Int)
  case notWeights(String)
}

extension Failure {
  static func tensorShape(_ source: String, _ shape: [Int]) -> Failure {
    Failure(
      "tensor.shape", "the shape is impossible", on: source, found: "\(shape)",
      expected: "axes ≥ 0 whose product fits")
  }

  static func tensorBytes(_ source: String, shape: [Int], type: ElementType, found: Int, expected: Int) -> Failure {
    Failure(
      "tensor.shape", "the bytes do not fit \(type.rawValue) \(shape)", on: source, found: "\(found) bytes",
      expected: "\(expected)")
  }

  static func tensorType(_ type: ElementType, wanted: String) -> Failure {
    Failure("tensor.type", "the tensor's type does not serve here", found: type.rawValue, expected: wanted)
  }

  static func tensorDuplicate(_ source: String, _ name: String) -> Failure {
    Failure("tensor.duplicate", "two tensors have one name", on: source, found: "\"\(name)\" twice")
  }

  static func tensorMissing(_ source: String, _ name: String, among names: [String]) -> Failure {
    Failure(
      "tensor.missing", "a tensor is missing", on: source, found: "\(names.count) tensors", expected: "\"\(name)\"",
      hint: nearest(name, in: names).map { "the nearest name there is \"\($0)\"" })
  }

  static func npy(_ problem: NumpyProblem, _ source: String) -> Failure {
    switch problem {
    case .magic(let bytes):
      Failure("npy.magic", "not an npy file", on: source, found: "\(bytes)", expected: "\\x93NUMPY at the start")
    case .version(let major):
      Failure("npy.version", "an npy version that is not known", on: source, found: "\(major)", expected: "1, 2 or 3")
    case .headerCut: Failure("npy.header", "the npy header is cut off or too long", on: source)
    case .literal(let text):
      Failure("npy.header", "the npy header is not the dictionary it should be", on: source, found: text)
    case .keys(let keys):
      Failure(
        "npy.header", "the npy header has other keys", on: source, found: keys.joined(separator: ", "),
        expected: "descr, fortran_order, shape")
    case .order: Failure("npy.header", "fortran_order is neither True nor False", on: source)
    case .shape: Failure("npy.shape", "the npy shape is not a tuple of at most 32 axes ≥ 0", on: source)
    case .structured:
      Failure(
        "npy.structured", "the array has a structured type", on: source, expected: "one number an element",
        hint: "save the one field that holds the numbers: np.save(path, array[\"field\"])")
    case .pickle(let descr):
      Failure(
        "npy.pickle", "the array holds Python objects, which only pickle could read", on: source, found: descr,
        expected: "numbers", hint: "save numbers: np.save(path, np.stack(list(array)).astype(\"float32\"))")
    case .type(let descr):
      Failure(
        "npy.type", "the array's type is not supported", on: source, found: descr,
        expected: "booleans, integers of 1 to 8 bytes, floats of 2, 4 or 8",
        hint: "convert it: array.astype(\"float32\")")
    case .short(let found, let expected):
      Failure(
        "npy.short", "the array is cut off", on: source, found: "\(found) bytes of elements", expected: "\(expected)",
        hint: "copy or make the file again")
    }
  }

  static func safetensors(_ problem: SafetensorsProblem, _ source: String) -> Failure {
    switch problem {
    case .headerSize(let size, let limit):
      Failure(
        "safetensors.header", "the header's size is out of bounds", on: source, found: "\(size) bytes",
        expected: "2 to \(limit)")
    case .headerCut(let found, let expected):
      Failure(
        "safetensors.short", "the file ends inside its header", on: source, found: "\(found) bytes",
        expected: "at least \(expected)")
    case .json(let reason): Failure("safetensors.header", "the header is not valid JSON", on: source, found: reason)
    case .entry(let name, let reason):
      Failure("safetensors.entry", "the entry of tensor \"\(name)\" is not valid", on: source, found: reason)
    case .type(let name, let type):
      Failure(
        "safetensors.type", "tensor \"\(name)\" has a type that is not supported", on: source, found: type,
        expected: ElementType.allCases.map(\.safetensorsName).joined(separator: ", "))
    case .hole(let name, let found, let expected):
      Failure(
        "safetensors.offsets", "tensor \"\(name)\" leaves a hole or overlaps another", on: source,
        found: "begin \(found)", expected: "\(expected)")
    case .size(let name, let found, let expected):
      Failure(
        "safetensors.size", "the bytes of tensor \"\(name)\" do not fit its shape", on: source, found: "\(found)",
        expected: "\(expected)")
    case .end(let found, let expected):
      Failure(
        "safetensors.short", "the tensors do not end where the file ends", on: source, found: "\(found) bytes of data",
        expected: "\(expected)")
    case .metadata: Failure("safetensors.metadata", "__metadata__ is not a map from text to text", on: source)
    }
  }

  static func zip(_ problem: ZipProblem, _ source: String) -> Failure {
    switch problem {
    case .notZip:
      Failure(
        "zip.magic", "not a whole zip archive: its closing record is missing", on: source, hint: "copy the file again")
    case .directory(let reason): Failure("zip.directory", "the zip directory is not valid", on: source, found: reason)
    case .entry(let name, let reason):
      Failure("zip.entry", "the zip entry \"\(name)\" is not valid", on: source, found: reason)
    case .compressed(let name, let method):
      Failure(
        "zip.compressed", "the zip entry \"\(name)\" is compressed", on: source, found: "method \(method)",
        expected: "stored", hint: "write it without compression: np.savez, or torch.save")
    case .checksum(let name):
      Failure(
        "zip.checksum", "the zip entry \"\(name)\" is damaged: its CRC differs", on: source, hint: "copy the file again"
      )
    case .duplicate(let name): Failure("zip.duplicate", "two zip entries have one name", on: source, found: name)
    case .large(let size):
      Failure("zip.large", "too large for a plain zip", on: source, found: "\(size) bytes", expected: "under 4 GiB")
    }
  }

  static func torch(_ problem: TorchProblem, _ source: String) -> Failure {
    switch problem {
    case .legacy:
      Failure(
        "torch.legacy", "a PyTorch file from before 1.6, which is not a zip", on: source, expected: "a zip checkpoint",
        hint: "save it again in Python: torch.save(torch.load(old, map_location=\"cpu\"), new)")
    case .noPickle:
      Failure(
        "torch.archive", "the zip is not a PyTorch checkpoint", on: source, expected: "an entry <directory>/data.pkl")
    case .opcode(let code, let at):
      Failure(
        "torch.pickle", "the pickle holds more than tensors", on: source,
        found: "opcode 0x\(String(code, radix: 16)) at \(at)", hint: Self.plainTensors)
    case .global(let name):
      Failure(
        "torch.pickle", "the pickle asks for a Python object that is not a tensor", on: source, found: name,
        hint: Self.plainTensors)
    case .cut(let at): Failure("torch.pickle", "the pickle is cut off", on: source, found: "its end at \(at)")
    case .misuse(let reason, let at):
      Failure("torch.pickle", "the pickle is not valid", on: source, found: "\(reason) at \(at)")
    case .storage(let key, let reason):
      Failure("torch.storage", "the storage \"\(key)\" is not valid", on: source, found: reason)
    case .tensor(let reason): Failure("torch.tensor", "a tensor is not valid", on: source, found: reason)
    case .type(let type):
      Failure("torch.type", "PyTorch's checkpoints hold no such type", on: source, found: type.rawValue)
    case .amplified(let size):
      Failure(
        "torch.tensor", "the tensors unfold to far more than the file holds", on: source, found: "over \(size) bytes",
        hint: "save contiguous tensors: {name: value.contiguous()}")
    case .notWeights(let reason):
      Failure(
        "torch.weights", "the checkpoint is not a map from names to tensors", on: source, found: reason,
        hint: "save the state dict alone: torch.save(model.state_dict(), path)")
    }
  }

  private static let plainTensors = "save the state dict alone: torch.save(model.state_dict(), path)"
}
