import Basics

/// The messages of this module.
extension Failure {
  static func addressUnreadable(_ shown: String) -> Failure {
    Failure(
      "usage.remote-cache", "the address of the remote cache cannot be used", on: "--remote-cache", found: shown,
      expected: "http://HOST[:PORT][/PATH], https://… or file:///DIRECTORY", exit: .usage)
  }

  static func sizeOfServer(_ shown: String) -> Failure {
    Failure(
      "usage.cache-size", "only a directory can be kept within a size; a server bounds itself", on: "--cache-size",
      found: shown, expected: "--remote-cache file:///DIRECTORY", exit: .usage)
  }

  static func credentialsHalf(_ there: String, without absent: String) -> Failure {
    Failure(
      "usage.remote-cache", "half of the credentials for the remote cache is given", on: there,
      expected: "\(absent) too",
      exit: .usage)
  }

  static func netrcMissing(_ path: String) -> Failure {
    Failure(
      "usage.remote-cache", "the netrc file is not there", on: path, hint: "NETRC names it; without it, ~/.netrc",
      exit: .usage)
  }

  package static func exposedCredentials(_ server: CacheServer) -> Failure {
    Failure(
      "remote-cache.exposed", "credentials go to the remote cache unencrypted", on: server.name, hint: "use https")
  }

  /// - Parameter left: whether reading and writing were given up.
  static func remote(
    _ kind: Trouble.Kind, _ server: String, _ count: Int, first: String, left: (reading: Bool, writing: Bool)
  ) -> Failure {
    let what =
      switch kind {
      case .unreachable: "the remote cache cannot be reached"
      case .slow: "the remote cache is too slow"
      case .cutOff: "the remote cache cuts its answers off"
      case .wrong: "the remote cache gave something else than was asked for"
      case .refused: "the remote cache refuses"
      case .large: "the remote cache takes no files this large"
      case .full: "the remote cache has no room left"
      case .failing: "the remote cache fails"
      }
    let hint =
      switch left {
      case (true, true): "it was left alone after that; nothing else changes"
      case (true, false): "nothing more was asked of it after that; nothing else changes"
      case (false, true): "nothing more was sent to it after that; nothing else changes"
      case (false, false): "what it did not give was made here"
      }
    return Failure(
      "remote-cache.\(kind == .cutOff ? "cut-off" : kind.rawValue)", what, on: server,
      found: "\(counted(count, "request")), the first: \(first)", hint: hint)
  }
}
