// Creates tensors from a checkpoint's pickle: finds the map of names, checks every view against its storage, and copies
// it in C order.

import Basics

struct TorchAssembler {
  let machine: TorchPickle
  let zip: StoredZipReader
  let directory: String
  let source: String
  /// The maximum number of bytes for all tensors together.
  let limit: Int

  /// The place of each tensor in the file, in pickle order; nil if one of them is not contiguous.
  func places(_ root: TorchValue, base: UnsafeRawPointer) throws -> [(String, TensorPlace)]? {
    var places: [(String, TensorPlace)] = []
    var found: [String: UnsafeRawBufferPointer] = [:]
    for (name, view) in try views(root) {
      let data = try storage(view, &found)
      let type = machine.storages[view.storage].type
      let size = try Tensor.byteCount(shape: view.shape, type: type, source: source)
      try check(view, machine.storages[view.storage].count)
      guard isContiguous(view), let start = data.baseAddress else { return nil }
      let offset = start - base + view.offset * type.byteCount
      places.append((name, TensorPlace(type: type, shape: view.shape, range: offset..<offset + size)))
    }
    return places
  }

  func tensors(_ root: TorchValue) throws -> NamedTensors {
    var tensors = NamedTensors()
    var total = 0
    var found: [String: UnsafeRawBufferPointer] = [:]
    for (name, view) in try views(root) { tensors.set(name, try tensor(view, &found, total: &total)) }
    return tensors
  }

  /// The map of names in the pickle.
  private func views(_ root: TorchValue) throws -> [(String, TorchView)] {
    guard case .dictionary(var index) = root else { throw Failure.torch(.notWeights("no dictionary"), source) }
    for case (.text("state_dict"), .dictionary(let inner)) in machine.dictionaries[index] { index = inner }
    return try machine.dictionaries[index].map { key, value in
      guard case .text(let name) = key else { throw Failure.torch(.notWeights("a key that is not text"), source) }
      guard case .tensor(let view) = value else {
        throw Failure.torch(.notWeights("\"\(name)\" is not a tensor"), source)
      }
      return (name, machine.views[view])
    }
  }

  /// The bytes of a view's storage. `found` collects the entries whose CRC has been checked.
  private func storage(
    _ view: TorchView, _ found: inout [String: UnsafeRawBufferPointer]
  ) throws -> UnsafeRawBufferPointer {
    let storage = machine.storages[view.storage]
    guard let data = try found[storage.key] ?? zip.data("\(directory)/data/\(storage.key)") else {
      throw Failure.torch(.storage(storage.key, "its entry is missing"), source)
    }
    found[storage.key] = data
    guard storage.count >= 0, storage.count <= data.count / storage.type.byteCount else {
      throw Failure.torch(.storage(storage.key, "\(data.count) bytes for \(storage.count) elements"), source)
    }
    return data
  }

  private func tensor(
    _ view: TorchView, _ found: inout [String: UnsafeRawBufferPointer], total: inout Int
  ) throws -> Tensor {
    let (data, storage) = (try storage(view, &found), machine.storages[view.storage])
    let size = try Tensor.byteCount(shape: view.shape, type: storage.type, source: source)
    total = total.addingReportingOverflow(size).overflow ? .max : total + size
    guard total <= limit else { throw Failure.torch(.amplified(limit), source) }
    try check(view, storage.count)
    return Tensor(checked: view.shape, storage.type, copy(view, of: data, width: storage.type.byteCount))
  }

  /// Checks that the last element of the view lies in its storage.
  private func check(_ view: TorchView, _ count: Int) throws {
    guard view.shape.count == view.strides.count, (0...count).contains(view.offset),
      view.strides.allSatisfy({ $0 >= 0 })
    else {
      throw Failure.torch(.tensor("shape \(view.shape), strides \(view.strides), offset \(view.offset)"), source)
    }
    if view.shape.contains(0) { return }
    var last = view.offset
    for (axis, stride) in zip2(view.shape, view.strides) {
      let (step, overflow) = (axis - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow2) = last.addingReportingOverflow(step)
      guard !overflow, !overflow2 else { throw Failure.torch(.tensor("strides \(view.strides) overflow"), source) }
      last = sum
    }
    guard last < count else {
      throw Failure.torch(.tensor("element \(last) of a storage of \(count)"), source)
    }
  }

  private func zip2(_ a: [Int], _ b: [Int]) -> Zip2Sequence<[Int], [Int]> { Swift.zip(a, b) }

  private func copy(_ view: TorchView, of data: UnsafeRawBufferPointer, width: Int) -> [UInt8] {
    let count = view.shape.reduce(1, *)
    if count == 0 { return [] }
    if isContiguous(view) {
      let start = view.offset * width
      return Array(UnsafeRawBufferPointer(rebasing: data[start..<start + count * width]))
    }
    var out = [UInt8](repeating: 0, count: count * width)
    var position = [Int](repeating: 0, count: view.shape.count)
    var element = view.offset
    for i in 0..<count {
      for k in 0..<width { out[i * width + k] = data[element * width + k] }
      var axis = view.shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        element += view.strides[axis]
        if position[axis] < view.shape[axis] { break }
        element -= view.strides[axis] * view.shape[axis]
        position[axis] = 0
        axis -= 1
      }
    }
    return out
  }

  private func isContiguous(_ view: TorchView) -> Bool {
    if view.shape.contains(0) { return true }
    var step = 1
    for (axis, stride) in zip2(view.shape, view.strides).reversed() {
      if axis != 1, stride != step { return false }
      step *= axis
    }
    return true
  }
}
