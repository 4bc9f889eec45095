import Foundation

/// The environment of a decode worker. It takes over only what a decoder needs, so that no key or token is in the
/// memory of a process that reads untrusted files.
enum WorkerEnvironment {
  /// Always set, whatever this process has. Memory always starts as zeros: a decoder that reads memory it never
  /// wrote, as some do in damaged files, then reads the same every time. OpenBLAS starts no threads, since workers do
  /// not use it. With a fixed time zone, the C library does not look for one in files. Without backtraces, Swift starts
  /// no program when a worker crashes.
  static let settings = [
    "OPENBLAS_NUM_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0",
    "TZ": "UTC0",
    "SWIFT_BACKTRACE": "enable=no",
  ]

  /// - Returns: "NAME=value" entries, sorted: the settings and, from `environment`, the language, the loader's
  ///   variables, and this program's switches for tests.
  static func entries(of environment: [String: String]) -> [String] {
    environment.filter { isPassed($0.key) }.merging(settings) { $1 }.map { "\($0.key)=\($0.value)" }.sorted()
  }

  private static func isPassed(_ name: String) -> Bool {
    ["LANG", "LANGUAGE", "PIPELINE_WORKER_STDERR"].contains(name)
      || ["LC_", "LD_", "PIPELINE_TEST_"].contains { name.hasPrefix($0) }
  }
}
