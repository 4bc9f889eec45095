import Basics
import CFFmpeg
import Corpus
import Glibc

/// One open media file, or the range of an archive that holds one. A clip is read through this alone: decoders open no
/// files.
///
/// Any number of threads may read at once, each with its own position.
package final class MediaInput: @unchecked Sendable {
  package let source: MediaSource
  /// The formats and codecs it may be decoded with.
  let codecs: CodecSet
  private let file: InputFile
  /// The offset of its bytes in the open file, and their number.
  private let offset: Int
  let size: Int

  /// - Throws: `Refusal`: `media.unreadable` if it cannot be opened, is not a regular file, or ends before the range
  ///   does.
  convenience init(_ source: MediaSource, codecs: CodecSet = .all) throws {
    try self.init(source, codecs) { try InputFile(source.path) }
  }

  /// Like the initializer above, for a file that is already open.
  convenience init(_ source: MediaSource, codecs: CodecSet = .all, taking descriptor: Int32) throws {
    try self.init(source, codecs) { try InputFile(taking: descriptor, source.path) }
  }

  private init(_ source: MediaSource, _ codecs: CodecSet, open: () throws -> InputFile) throws {
    do {
      let file = try open()
      let whole = try file.size
      let range = source.bytes ?? 0..<whole
      guard range.lowerBound >= 0, range.upperBound <= whole else {
        throw Refusal(.unreadable("\(whole) bytes, and the clip is at \(range)"))
      }
      (self.source, self.codecs, offset, size) = (source, codecs, range.lowerBound, range.count)
      self.file = file
    } catch let failure as Failure {
      throw Refusal(.unreadable(failure.found ?? failure.what))
    }
  }

  var descriptor: Int32 { file.descriptor }

  /// For libav; valid as long as this object lives.
  var media: media_source {
    media_source(descriptor: file.descriptor, offset: Int64(offset), size: Int64(size))
  }

  /// Reads at most `count` bytes from `position` on; fewer at the end, or if the file cannot be read.
  func read(into target: UnsafeMutableRawPointer, at position: Int, count: Int) -> Int {
    guard position >= 0, position < size else { return 0 }
    let wanted = min(count, size - position)
    var filled = 0
    while filled < wanted {
      let n = pread(file.descriptor, target + filled, wanted - filled, off_t(offset + position + filled))
      if n < 0, errno == EINTR { continue }
      guard n > 0 else { break }
      filled += n
    }
    return filled
  }
}
