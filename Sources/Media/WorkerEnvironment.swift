import Foundation

/// What a decode worker's environment holds: nothing of this process's but what a decoder needs, so that no key or
/// token is in the memory of a process that reads files of strangers.
enum WorkerEnvironment {
  /// Set whatever this process has. Memory begins as zeros wherever it comes from: a decoder that reads what it never
  /// wrote, as some do in damaged files, then reads the same every time. OpenBLAS makes no threads, since workers
  /// compute nothing with it. With a zone of its own the C library looks for none in files, and without backtraces
  /// Swift starts no program when a worker crashes.
  static let settings = [
    "OPENBLAS_NUM_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0",
    "TZ": "UTC0",
    "SWIFT_BACKTRACE": "enable=no",
  ]

  /// - Returns: "NAME=value" of the settings, and of `environment` the language, the loader's variables, and this
  ///   program's switches for tests; sorted.
  static func entries(of environment: [String: String]) -> [String] {
    environment.filter { isPassed($0.key) }.merging(settings) { $1 }.map { "\($0.key)=\($0.value)" }.sorted()
  }

  private static func isPassed(_ name: String) -> Bool {
    ["LANG", "LANGUAGE", "PIPELINE_WORKER_STDERR"].contains(name)
      || ["LC_", "LD_", "PIPELINE_TEST_"].contains { name.hasPrefix($0) }
  }
}
