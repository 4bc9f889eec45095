import CSndFile

/// A file in memory that libsndfile reads or writes instead of opening a file itself.
///
/// The caller must keep it, and the bytes that it reads, alive until the handle is closed.
package final class VirtualFile {
  /// Copies up to `count` bytes from `position` to `target` and returns how many.
  package typealias Reader = (_ target: UnsafeMutableRawPointer, _ position: Int, _ count: Int) -> Int

  private(set) var written: [UInt8] = []
  private let source: (size: Int, read: Reader)?
  private var position = 0

  /// An empty file for writing.
  init() { source = nil }

  package init(size: Int, read: @escaping Reader) { source = (size, read) }

  convenience init(reading bytes: UnsafeRawBufferPointer) {
    self.init(size: bytes.count) { target, position, count in
      if let start = bytes.baseAddress { target.copyMemory(from: start + position, byteCount: count) }
      return count
    }
  }

  /// Opens it with libsndfile.
  /// - Returns: nil if libsndfile fails; `sf_strerror(nil)` gives the reason.
  package func open(_ mode: Int, _ info: inout SF_INFO) -> OpaquePointer? {
    var io = SF_VIRTUAL_IO(
      get_filelen: { sf_count_t(file($0)?.count ?? 0) },
      seek: { sf_count_t(file($2)?.seek(Int($0), $1) ?? -1) },
      read: { sf_count_t(file($2)?.read(into: $0, Int($1)) ?? 0) },
      write: { sf_count_t(file($2)?.write($0, Int($1)) ?? 0) },
      tell: { sf_count_t(file($0)?.position ?? 0) })
    return sf_open_virtual(&io, Int32(mode), &info, Unmanaged.passUnretained(self).toOpaque())
  }

  private var count: Int { source?.size ?? written.count }

  private func seek(_ offset: Int, _ whence: Int32) -> Int {
    let base =
      switch Int(whence) {
      case Int(SF_SEEK_CUR): position
      case Int(SF_SEEK_END): count
      default: 0
      }
    let target = base + offset
    guard target >= 0, source == nil || target <= count else { return -1 }
    position = target
    return target
  }

  private func read(into target: UnsafeMutableRawPointer?, _ wanted: Int) -> Int {
    let available = max(0, min(wanted, count - position))
    guard available > 0, let target else { return 0 }
    var count = available
    if let source {
      count = source.read(target, position, available)
    } else {
      written.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { target.copyMemory(from: start + position, byteCount: available) }
      }
    }
    position += count
    return count
  }

  private func write(_ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    guard source == nil, count > 0, let bytes else { return 0 }
    if written.count < position + count {
      written.append(contentsOf: repeatElement(0, count: position + count - written.count))
    }
    written.withUnsafeMutableBytes { $0.baseAddress.map { ($0 + position).copyMemory(from: bytes, byteCount: count) } }
    position += count
    return count
  }
}

/// The object behind a callback's pointer. Not a method, because a C function pointer cannot capture anything.
private func file(_ pointer: UnsafeMutableRawPointer?) -> VirtualFile? {
  pointer.map { Unmanaged<VirtualFile>.fromOpaque($0).takeUnretainedValue() }
}
