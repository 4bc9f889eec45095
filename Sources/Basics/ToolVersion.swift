/// What this program calls itself, and its version: part of what exported files say about where they come from.
package enum ToolVersion {
  package static let name = "pipeline"
  package static let text = "0.1.0"
}
