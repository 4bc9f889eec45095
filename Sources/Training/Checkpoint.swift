import Basics
import Kernels
import Tensors

/// A directory of checkpoints. They are written atomically and checked when read; the last two and the best are kept.
package struct CheckpointDirectory: Sendable {
  package let path: String

  package init(_ path: String) throws {
    self.path = path
    try Files.makeDirectory(path)
    for name in try Files.names(in: path) where OutputFile.isLeftOver(name) { try Files.remove("\(path)/\(name)") }
  }

  /// Opens an existing directory for reading.
  package init(existing path: String) { self.path = path }

  private func file(_ step: Int) -> String {
    let digits = String(step)
    return "\(path)/step-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).safetensors"
  }

  /// The steps that have a checkpoint, in ascending order.
  package var steps: [Int] {
    ((try? Files.names(in: path)) ?? []).compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".safetensors") else { return nil }
      return Int(name.dropFirst(5).dropLast(12))
    }.sorted()
  }

  package func save(_ learner: Learner, _ state: TrainingState) throws {
    // Written directly from memory, without a copy, and sorted by name, as the format's writers do.
    let buffers = learner.buffers.sorted { $0.name < $1.name }
    let text = try CanonicalJSON.text(state)
    let header = try SafetensorsFile.header(
      of: buffers.map { ($0.name, .float32, [$0.buffer.count]) },
      metadata: ["state": text, "digest": Self.digest(learner, text)])
    let file = try OutputFile(file(state.step))
    try file.write(header)
    for (_, buffer) in buffers {
      try file.write(raw: UnsafeRawBufferPointer(start: buffer.start, count: buffer.count * 4))
    }
    try file.commit()
    try removeOld(keeping: state.best?.step)
  }

  /// The digest of the numbers and the state, in hexadecimal digits.
  private static func digest(_ learner: Learner, _ state: String) -> String {
    let hasher = DigestBuilder()
    for (_, buffer) in learner.buffers {
      hasher.update(UnsafeRawBufferPointer(start: buffer.start, count: buffer.count * 4))
    }
    hasher.update(field: state)
    return hasher.finish().hex
  }

  private func removeOld(keeping best: Int?) throws {
    for step in steps.dropLast(2) where step != best { try Files.remove(file(step)) }
  }

  /// Fills `learner` from the checkpoint of `step`.
  /// - Throws: `Failure` if it is missing, damaged or has another layout.
  package func load(_ step: Int, into learner: Learner) throws -> TrainingState {
    let path = file(step)
    guard Files.exists(path) else {
      throw Failure(
        "checkpoint.missing", "there is no checkpoint of that step", on: path,
        expected: "one of \(steps.map(String.init).joined(separator: ", "))")
    }
    let (tensors, metadata) = try SafetensorsFile.read(try Files.read(path), source: path)
    guard let text = metadata["state"], let digest = metadata["digest"] else {
      throw Failure("checkpoint.damaged", "the checkpoint has no state", on: path)
    }
    let hasher = DigestBuilder()
    var loaded: [(FloatBuffer, Tensor)] = []
    for (name, buffer) in learner.buffers {
      let tensor = try tensors.required(name, source: path)
      guard tensor.shape == [buffer.count], tensor.type == .float32 else {
        throw Failure(
          "checkpoint.layout", "the checkpoint is of another model", on: "\(path), \(name)", found: "\(tensor.shape)",
          expected: "[\(buffer.count)]")
      }
      hasher.update(tensor.bytes)
      loaded.append((buffer, tensor))
    }
    hasher.update(field: text)
    guard hasher.finish().hex == digest else {
      throw Failure("checkpoint.damaged", "the checkpoint's bytes have changed", on: path)
    }
    let state = try CanonicalJSON.decode(TrainingState.self, from: Array(text.utf8), source: path)
    for (buffer, tensor) in loaded {
      tensor.bytes.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(start: buffer.start, count: $0.count).copyMemory(from: $0)
      }
    }
    return state
  }

  /// Added to the name of a checkpoint that cannot be loaded, so that it no longer counts as a checkpoint.
  private static let damagedEnding = ".damaged"

  /// Fills `learner` from the newest intact checkpoint, to resume training. Newer ones that cannot be loaded are
  /// reported and renamed: otherwise they would count among the last two and new checkpoints would be removed in their
  /// place.
  /// - Returns: nil if no checkpoint is intact.
  package func resume(into learner: Learner, warn: (Failure) -> Void) throws -> TrainingState? {
    let (state, damaged) = newestWhole(into: learner, warn: warn)
    for step in damaged { try Files.rename(file(step), to: file(step) + Self.damagedEnding) }
    if !damaged.isEmpty { try Files.sync(directory: path) }
    return state
  }

  /// Fills `learner` from the newest intact checkpoint. Also returns the steps of newer ones, which cannot be loaded.
  /// Changes no file.
  package func newestWhole(
    into learner: Learner, warn: (Failure) -> Void = { _ in }
  ) -> (state: TrainingState?, damaged: [Int]) {
    var damaged: [Int] = []
    for step in steps.reversed() {
      do { return (try load(step, into: learner), damaged) } catch let failure as Failure { warn(failure) } catch {
        warn(Failure("checkpoint.damaged", "the checkpoint cannot be read", on: file(step), found: "\(error)"))
      }
      damaged.append(step)
    }
    return (nil, damaged)
  }

  /// The state of the newest checkpoint whose state can be read; nil if there is none. The weights are not checked.
  package var latestState: TrainingState? {
    for step in steps.reversed() {
      guard let file = try? MappedFile(file(step)) else { continue }
      let text = withExtendedLifetime(file) {
        (try? SafetensorsHeader(file.bytes, source: file.path))?.metadata["state"]
      }
      if let text, let state = try? CanonicalJSON.decode(TrainingState.self, from: Array(text.utf8), source: file.path)
      {
        return state
      }
    }
    return nil
  }
}
