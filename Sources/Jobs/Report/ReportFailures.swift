import Basics

/// The error messages of this module.
extension Failure {
  static func portTaken(_ port: Int, _ reason: String) -> Failure {
    Failure(
      "report.port", "the page cannot be served there", on: "127.0.0.1:\(port)", found: reason,
      hint: "name another with --port; 0 takes any that is free", exit: .failed)
  }

  static func nothingToReport(_ workspace: String) -> Failure {
    Failure(
      "report.nothing", "there is nothing to report yet: no workspace, no shards, no run", on: workspace,
      hint: "pipeline prepare VIDEOS")
  }
}
