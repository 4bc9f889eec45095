import Basics

/// Makes one page about the data, the stages, the training and the results. The page is written to a file, or served
/// while training runs.
package final class ReportJob {
  package enum Event: Sendable {
    case working(WorkProgress)
    /// Something that could not be shown, and why.
    case note(String)
    case written(path: String, bytes: Int)
    /// The page is available until an interruption is requested.
    case serving(address: String)
  }

  private let material: ReportMaterial

  /// - Parameter prepared: the results of `prepare` in the workspace, read again for each page.
  package init(_ settings: ReportSettings, prepared: @escaping () throws -> any PreparedData) {
    material = ReportMaterial(settings, prepared: prepared)
  }

  /// - Throws: `report.nothing` when there is nothing to show.
  package func plan() throws { _ = try material.content() }

  /// Writes the page.
  /// - Throws: `report.nothing`; `Failure` when the page cannot be written.
  package func run(to path: String, _ events: (Event) -> Void) throws {
    let content = try content(events)
    let page = Array(ReportPage.html(content).utf8)
    try Files.makeDirectory(Files.parent(path))
    try Files.write(page, to: path)
    events(.written(path: path, bytes: page.count))
  }

  /// Serves the page on this machine until an interruption is requested.
  /// - Parameter port: 0 takes any free port.
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
          // A file that is being written now may be readable next time.
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
