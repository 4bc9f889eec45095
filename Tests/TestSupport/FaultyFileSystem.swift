import Basics
import Foundation
import Glibc
import Synchronization

/// The machine's file system with faults: in one directory tree, one operation fails, or all from that one on.
/// Operations elsewhere neither count nor fail, so that other tests can run at the same time.
package final class FaultyFileSystem: FileSystem {
  package enum Fault: Sendable, CustomStringConvertible {
    /// No fault: the operations are only counted.
    case never
    /// The N-th operation, from 1 on, fails with this error; later ones do not.
    case once(Int, Int32)
    /// As on a full disk: the N-th operation and all later ones fail. If the N-th is a write, half of it is done.
    case fromThenOn(Int, Int32)
    /// The N-th operation, if it is a write, writes half of its data and reports that. Nothing fails.
    case short(Int)

    package var description: String {
      switch self {
      case .never: "no fault"
      case .once(let n, let code): "operation \(n) fails once (\(String(cString: strerror(code))))"
      case .fromThenOn(let n, let code): "all from operation \(n) on fail (\(String(cString: strerror(code))))"
      case .short(let n): "operation \(n) is a short write"
      }
    }
  }

  private struct State {
    var count = 0
    var hasFailed = false
  }

  private enum Fate { case done, half, failed }

  private let directoryName: String
  private let fault: Fault
  private let exchanges: Bool
  private let links: Bool
  private let fixed: Set<String>
  private let machine = MachineFileSystem()
  private let state = Mutex(State())

  /// - Parameters:
  ///   - directory: the directory tree with the fault; its name must be unique.
  ///   - exchanges, links: whether it can exchange two names and link files, which not all file systems can.
  ///   - fixed: names of directories that cannot be renamed, like those in an overlay's lower layer.
  package init(
    below directory: String, _ fault: Fault, exchanges: Bool = true, links: Bool = true, fixed: Set<String> = []
  ) {
    directoryName = "/\(Files.name(directory))"
    (self.fault, self.exchanges, self.links, self.fixed) = (fault, exchanges, links, fixed)
  }

  /// The number of operations so far.
  package var count: Int { state.withLock { $0.count } }
  package var hasFailed: Bool { state.withLock { $0.hasFailed } }

  /// Only one may be in use at a time in a process.
  private static let turn = NSLock()

  /// Runs `body` with this file system instead of the process's default.
  package func inUse<Value>(_ body: () throws -> Value) throws -> Value {
    Self.turn.lock()
    let before = FileSystemInUse.replace(with: self)
    defer {
      FileSystemInUse.replace(with: before)
      Self.turn.unlock()
    }
    return try body()
  }

  /// The outcome of an operation on a path.
  private func fate(_ path: String, isWrite: Bool = false) -> Fate {
    guard "\(path)/".contains("\(directoryName)/") else { return .done }
    return state.withLock { state in
      state.count += 1
      switch fault {
      case .never: return .done
      case .short(let n): return state.count == n && isWrite ? .half : .done
      case .once(let n, let code):
        guard state.count == n else { return .done }
        state.hasFailed = true
        errno = code
        return .failed
      case .fromThenOn(let n, let code):
        guard state.count >= n else { return .done }
        state.hasFailed = true
        if state.count == n, isWrite { return .half }
        errno = code
        return .failed
      }
    }
  }

  private func fate(_ descriptor: Int32, isWrite: Bool = false) -> Fate {
    var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/fd/\(descriptor)", &path, path.count)
    return fate(String(decoding: path.prefix(max(0, count)), as: UTF8.self), isWrite: isWrite)
  }

  private func result(_ fate: Fate, _ body: () -> Int32) -> Int32 { fate == .failed ? -1 : body() }

  private func absent(_ code: Int32) -> Int32 {
    errno = code
    return -1
  }

  // MARK: FileSystem

  package func open(_ path: String, _ flags: Int32) -> Int32 { result(fate(path)) { machine.open(path, flags) } }

  package func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
    switch fate(descriptor, isWrite: true) {
    case .done: machine.write(bytes, to: descriptor)
    case .half: machine.write(UnsafeRawBufferPointer(rebasing: bytes[..<max(1, bytes.count / 2)]), to: descriptor)
    case .failed: -1
    }
  }

  package func truncate(_ descriptor: Int32, to length: Int) -> Int32 {
    result(fate(descriptor)) { machine.truncate(descriptor, to: length) }
  }
  package func sync(_ descriptor: Int32) -> Int32 { result(fate(descriptor)) { machine.sync(descriptor) } }
  package func rename(_ from: String, to: String) -> Int32 {
    result(fate(from)) { fixed.contains(Files.name(from)) ? absent(EXDEV) : machine.rename(from, to: to) }
  }
  package func exchange(_ first: String, _ second: String) -> Int32 {
    result(fate(first)) { exchanges ? machine.exchange(first, second) : absent(EINVAL) }
  }
  package func link(_ from: String, to: String) -> Int32 {
    result(fate(from)) { links ? machine.link(from, to: to) : absent(EPERM) }
  }
  package func unlink(_ path: String) -> Int32 { result(fate(path)) { machine.unlink(path) } }
  package func makeDirectory(_ path: String) -> Int32 { result(fate(path)) { machine.makeDirectory(path) } }
  package func removeDirectory(_ path: String) -> Int32 { result(fate(path)) { machine.removeDirectory(path) } }
}
