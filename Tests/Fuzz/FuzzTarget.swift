import Basics
import Foundation

/// A reader of untrusted bytes: whatever they are, it must return a result or refuse with a `Failure`.
struct FuzzTarget: Sendable {
  let name: String
  /// Valid files that it reads.
  let seeds: @Sendable () throws -> [[UInt8]]
  let read: @Sendable ([UInt8]) throws -> Void

  func take(_ bytes: UnsafeBufferPointer<UInt8>) {
    do {
      try read(Array(bytes))
    } catch  where error is Failure {
    } catch {
      print("\(name) throws what is no Failure: \(error)")
      abort()
    }
  }
}

/// Every reader. A new one is a line in one of the lists.
let fuzzTargets = arrayTargets + textTargets + recordTargets

/// A file for readers that need a path; private to this process, and in memory if the system supports it.
enum FuzzFile {
  private static let directory: String = {
    let place = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let directory = "\(place)/pipeline-fuzz-\(getpid())"
    try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    return directory
  }()

  /// Writes the bytes to the file.
  ///
  /// - Returns: its path.
  static func holding(_ bytes: [UInt8], _ name: String) throws -> String {
    let path = "\(directory)/\(name)"
    guard let file = fopen(path, "wb") else { throw Failure.system("create", path) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw Failure.system("write", path) }
    return path
  }

  /// The bytes that a writer writes.
  static func written(_ name: String, _ write: (String) throws -> Void) throws -> [UInt8] {
    let path = "\(directory)/\(name)"
    try write(path)
    return try Files.read(path)
  }
}
