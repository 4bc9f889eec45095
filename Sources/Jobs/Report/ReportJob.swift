import Basics

/// One page of the data, the stages, the training and what came of it: written to a file, or served while training goes
/// on.
package final class ReportJob {
  package enum Event: Sendable {
    case working(WorkProgress)
    /// What could not be shown, and why.
    case note(String)
    case written(path: String, bytes: Int)
    /// The page is there for whoever asks, until an interruption is.
    case serving(address: String)
  }

  private let material: ReportMaterial

  /// - Parameter prepared: what `prepare` left in the workspace, looked at anew for each page.
  package init(_ settings: ReportSettings, prepared: @escaping () throws -> any PreparedData) {
    material = ReportMaterial(settings, prepared: prepared)
  }

  /// - Throws: `report.nothing` where there is nothing to show.
  package func plan() throws { _ = try material.content() }

  /// Writes the page.
  /// - Throws: `report.nothing`; `Failure` where it cannot be written.
  package func run(to path: String, _ events: (Event) -> Void) throws {
    let content = try content(events)
    let page = Array(ReportPage.html(content).utf8)
    try Files.makeDirectory(Files.parent(path))
    try Files.write(page, to: path)
    events(.written(path: path, bytes: page.count))
  }

  /// Serves the page on this machine until an interruption is asked for.
  /// - Parameter port: 0 takes any that is free.
  /// - Throws: `report.nothing`, `report.port`.
  package func serve(port: Int, _ events: (Event) -> Void) throws {
    _ = try content(events)
    let server = try PageServer(port: port)
    events(.serving(address: server.address))
    server.run(
      page: { [material] in
        let state = material.state
        do {
          return ReportPage.html(try material.content(), state: state)
        } catch {
          // What is being written right now may be there next time.
          var content = ReportContent(title: "Pipeline report")
          content.notes = ["\(error)"]
          return ReportPage.html(content, state: state)
        }
      }, state: { [material] in material.state })
  }

  private func content(_ events: (Event) -> Void) throws -> ReportContent {
    let content = try material.content { events(.working($0)) }
    for note in content.notes { events(.note(note)) }
    return content
  }
}
