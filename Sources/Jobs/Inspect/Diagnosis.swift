import Basics
import Foundation
import Glibc
import Kernels
import Media
import RemoteCache
import StageGraph

/// What the program found on this machine, for `pipeline doctor`.
package struct Diagnosis: Sendable {
  package struct Line: Sendable {
    package var name: String
    package var value: String
    /// What is wrong and how to fix it; nil when all is well.
    package var problem: Failure?
  }

  package private(set) var lines: [Line] = []
  package var problems: [Failure] { lines.compactMap(\.problem) }

  private static let leastFreeBytes = 2 << 30

  package init(workspace: String, shards: String, worker: WorkerLaunch) {
    add("instruction set", InstructionSet.best.name)
    add("processors", "\(Machine.processors)")
    add("memory", "\(Machine.memory >> 20) MiB")
    for (name, version) in MediaToolchain.identity.sorted(by: { $0.key < $1.key }) { add(name, version) }
    for (name, version) in FastBackend().identity.sorted(by: { $0.key < $1.key }) { add(name, version) }
    add("openblas", LibraryMatrix.identity)
    add("libcurl", CacheServer.library)
    addSandbox(worker)
    addFormats()
    for (name, path) in [("workspace", workspace), ("shards", shards)] { addDisk(name, path) }
    addLock(workspace)
  }

  private mutating func add(_ name: String, _ value: String, _ problem: Failure? = nil) {
    lines.append(Line(name: name, value: value, problem: problem))
  }

  /// Starts a decode worker and adds how it is sandboxed.
  private mutating func addSandbox(_ worker: WorkerLaunch) {
    do {
      let found = try worker.confinement()
      add("sandbox", found.description, found.missing.isEmpty ? nil : .sandboxMissing(found))
    } catch let failure as Failure {
      add("sandbox", "unknown", failure)
    } catch {
      add("sandbox", "unknown: \(error)")
    }
  }

  private mutating func addFormats() {
    let (there, absent) = MediaToolchain.formats
    add(
      "formats",
      "\(there.count) of \(there.count + absent.count)\(absent.isEmpty ? "" : "; not \(absent.joined(separator: ", "))")",
      there.contains("mov") && there.contains("matroska") ? nil : .fewFormats(there))
    let decoders = MediaToolchain.decoders
    for set in CodecSet.allCases {
      add("codecs \(set.rawValue)", "\(set.counts.formats) formats, \(set.counts.decoders) decoders")
    }
    add(
      "decoders", decoders.there.joined(separator: ", "),
      decoders.absent.isEmpty ? nil : .decodersAbsent(decoders.absent))
  }

  /// Adds the free space for a path, or for its nearest parent directory that exists.
  private mutating func addDisk(_ name: String, _ path: String) {
    var place = path
    while !Files.exists(place), place != ".", place != "/" { place = Files.parent(place) }
    var status = statvfs()
    guard statvfs(place, &status) == 0 else { return add("\(name) disk", "unknown") }
    let free = Int(status.f_bavail) * Int(status.f_frsize)
    let writable = Files.isWritable(place)
    add(
      "\(name) disk", "\(byteText(free)) free at \(path)",
      !writable ? .notWritable(place) : free < Self.leastFreeBytes ? .littleSpace(path, free) : nil)
    guard writable, let abilities = try? FileSystemAbilities(of: place) else { return }
    add("\(name) file system", abilities.substitutes ?? "exchanges directories, links files")
  }

  private mutating func addLock(_ workspace: String) {
    guard Files.exists("\(workspace)/lock") else { return add("workspace", "none yet at \(workspace)") }
    do {
      let lock = try FileLock("\(workspace)/lock")
      withExtendedLifetime(lock) {}
      _ = try Catalog.readerIfThere(workspace)
      add("workspace", "free to be written at \(workspace)")
    } catch let failure as Failure {
      add("workspace", failure.exit == .locked ? "in use" : "cannot be used", failure)
    } catch {
      add("workspace", "cannot be used: \(error)")
    }
  }
}
