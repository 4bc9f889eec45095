// The pickles in PyTorch checkpoints, and nothing more. Writes protocol 2. Reads with a machine that contains no
// Python: it supports tensors, their storages, dictionaries and plain values, and rejects every other opcode and name.
// Containers are kept in arrays and referenced by index, so that cycles and deep nesting cause no problems.

import Basics

enum TorchValue {
  case none
  case truth(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case global(TorchGlobal)
  case storage(Int)
  case tensor(Int)
}

enum TorchGlobal: Equatable {
  case orderedDictionary, rebuildTensor, rebuildParameter
  case storage(ElementType)

  init?(_ module: String, _ name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", let name):
      guard let type = ElementType(torchStorageName: name) else { return nil }
      self = .storage(type)
    default: return nil
    }
  }
}

struct TorchStorage {
  let type: ElementType
  let key: String
  let count: Int
}

/// A view into a storage, in elements.
struct TorchView {
  let storage: Int
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}

struct TorchPickle {
  private(set) var tuples: [[TorchValue]] = []
  private(set) var lists: [[TorchValue]] = []
  private(set) var dictionaries: [[(TorchValue, TorchValue)]] = []
  private(set) var storages: [TorchStorage] = []
  private(set) var views: [TorchView] = []

  private var reader: ByteReader
  private let source: String
  private var stack: [TorchValue] = []
  private var marks: [Int] = []
  private var memo: [Int: TorchValue] = [:]

  /// Executes the whole pickle and returns the resulting value.
  /// - Throws: `torch.pickle`, naming the rejected opcode or global.
  static func run(_ bytes: UnsafeRawBufferPointer, source: String) throws -> (machine: TorchPickle, root: TorchValue) {
    var machine = TorchPickle(reader: ByteReader(bytes), source: source)
    while true {
      guard let code = machine.reader.byte() else { throw Failure.torch(.cut(at: bytes.count), source) }
      if code == UInt8(ascii: ".") { return (machine, try machine.pop()) }
      if try machine.pushConstant(code) { continue }
      if try machine.build(code) { continue }
      throw Failure.torch(.opcode(code, at: machine.reader.offset - 1), source)
    }
  }

  private init(reader: ByteReader, source: String) { (self.reader, self.source) = (reader, source) }

  // MARK: opcodes

  /// Opcodes that push the constant that follows them, or use the memo.
  private mutating func pushConstant(_ code: UInt8) throws -> Bool {
    switch code {
    case 0x80:
      guard try need(reader.byte()) <= 5 else { throw misuse("an unknown protocol") }
    case 0x95: _ = try need(reader.integer(UInt64.self))
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.truth(true))
    case 0x89: stack.append(.truth(false))
    case UInt8(ascii: "J"): stack.append(.integer(Int(try need(reader.integer(Int32.self)))))
    case UInt8(ascii: "K"): stack.append(.integer(Int(try need(reader.byte()))))
    case UInt8(ascii: "M"): stack.append(.integer(Int(try need(reader.integer(UInt16.self)))))
    case 0x8A: stack.append(.integer(try long()))
    case UInt8(ascii: "G"):
      stack.append(.number(Double(bitPattern: try need(reader.integer(UInt64.self)).byteSwapped)))
    case UInt8(ascii: "X"), UInt8(ascii: "T"):
      stack.append(.text(try need(reader.text(Int(try need(reader.integer(UInt32.self)))))))
    case 0x8C, UInt8(ascii: "U"): stack.append(.text(try need(reader.text(Int(try need(reader.byte()))))))
    case UInt8(ascii: "c"): stack.append(.global(try global(try need(reader.line()), try need(reader.line()))))
    case UInt8(ascii: "q"): memo[Int(try need(reader.byte()))] = try top()
    case UInt8(ascii: "r"): memo[Int(try need(reader.integer(UInt32.self)))] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): stack.append(try recall(Int(try need(reader.byte()))))
    case UInt8(ascii: "j"): stack.append(try recall(Int(try need(reader.integer(UInt32.self)))))
    default: return false
    }
    return true
  }

  /// Opcodes that build containers and tensors from the stack.
  private mutating func build(_ code: UInt8) throws -> Bool {
    switch code {
    case UInt8(ascii: ")"): stack.append(tuple([]))
    case UInt8(ascii: "t"): stack.append(tuple(try popToMark()))
    case 0x85: stack.append(tuple([try pop()]))
    case 0x86:
      let second = try pop()
      stack.append(tuple([try pop(), second]))
    case 0x87:
      let (third, second) = (try pop(), try pop())
      stack.append(tuple([try pop(), second, third]))
    case UInt8(ascii: "]"):
      stack.append(.list(lists.count))
      lists.append([])
    case UInt8(ascii: "}"): stack.append(dictionary())
    case UInt8(ascii: "a"):
      let item = try pop()
      try extend([item])
    case UInt8(ascii: "e"): try extend(try popToMark())
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try assign([key, value])
    case UInt8(ascii: "u"): try assign(try popToMark())
    case UInt8(ascii: "R"): try reduce()
    case UInt8(ascii: "b"):  // the state of an OrderedDict (its `_metadata`): checked to be one, and dropped
      _ = try pop()
      guard case .dictionary = try top() else { throw misuse("a state for something that has none") }
    case UInt8(ascii: "Q"): stack.append(try storage(try pop()))
    case 0x93:
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw misuse("no global's name")
      }
      stack.append(.global(try global(module, name)))
    default: return false
    }
    return true
  }

  // MARK: the stack

  private func misuse(_ reason: String) -> Failure { .torch(.misuse(reason, at: reader.offset), source) }

  private func need<T>(_ value: T?) throws -> T {
    guard let value else { throw Failure.torch(.cut(at: reader.offset), source) }
    return value
  }

  private func top() throws -> TorchValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else { throw misuse("an empty stack") }
    return value
  }

  private mutating func pop() throws -> TorchValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func popToMark() throws -> [TorchValue] {
    guard let mark = marks.popLast() else { throw misuse("no mark") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func recall(_ key: Int) throws -> TorchValue {
    guard let value = memo[key] else { throw misuse("nothing remembered as \(key)") }
    return value
  }

  private mutating func long() throws -> Int {
    let bytes = try need(reader.take(Int(try need(reader.byte()))))
    guard bytes.count <= 8 else { throw misuse("an integer over 64 bits") }
    var value: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    return Int(Int64(bitPattern: value))
  }

  private func global(_ module: String, _ name: String) throws -> TorchGlobal {
    guard let global = TorchGlobal(module, name) else { throw Failure.torch(.global("\(module).\(name)"), source) }
    return global
  }

  // MARK: containers and tensors

  private mutating func tuple(_ items: [TorchValue]) -> TorchValue {
    tuples.append(items)
    return .tuple(tuples.count - 1)
  }

  private mutating func dictionary() -> TorchValue {
    dictionaries.append([])
    return .dictionary(dictionaries.count - 1)
  }

  private mutating func extend(_ items: [TorchValue]) throws {
    guard case .list(let index) = try top() else { throw misuse("items for what is no list") }
    lists[index].append(contentsOf: items)
  }

  private mutating func assign(_ items: [TorchValue]) throws {
    guard case .dictionary(let index) = try top(), items.count % 2 == 0 else {
      throw misuse("items for what is no dictionary")
    }
    for i in stride(from: 0, to: items.count, by: 2) { dictionaries[index].append((items[i], items[i + 1])) }
  }

  private mutating func reduce() throws {
    guard case .tuple(let index) = try pop(), case .global(let global) = try pop() else {
      throw misuse("a call of no function")
    }
    let arguments = tuples[index]
    switch global {
    case .orderedDictionary:
      guard arguments.isEmpty else { throw misuse("an OrderedDict with arguments") }
      stack.append(dictionary())
    case .rebuildTensor:
      guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
        let shape = integers(arguments[2]), let strides = integers(arguments[3])
      else { throw misuse("a tensor with other arguments") }
      stack.append(.tensor(views.count))
      views.append(TorchView(storage: storage, offset: offset, shape: shape, strides: strides))
    case .rebuildParameter:
      guard let first = arguments.first, case .tensor = first else { throw misuse("a parameter with other arguments") }
      stack.append(first)
    case .storage: throw misuse("a call of a storage")
    }
  }

  private func integers(_ value: TorchValue) -> [Int]? {
    guard case .tuple(let index) = value, tuples[index].count <= 32 else { return nil }
    var numbers: [Int] = []
    for case .integer(let number) in tuples[index] { numbers.append(number) }
    return numbers.count == tuples[index].count ? numbers : nil
  }

  /// ('storage', class, key, device, count)
  private mutating func storage(_ value: TorchValue) throws -> TorchValue {
    guard case .tuple(let index) = value, tuples[index].count == 5, case .text("storage") = tuples[index][0],
      case .global(.storage(let type)) = tuples[index][1], case .text(let key) = tuples[index][2],
      case .integer(let count) = tuples[index][4]
    else { throw misuse("a persistent id that is not a storage") }
    storages.append(TorchStorage(type: type, key: key, count: count))
    return .storage(storages.count - 1)
  }
}
