/// The name and version of this program, for the origin stated in exported files.
package enum ToolVersion {
  package static let name = "pipeline"
  package static let text = "0.1.0"
}
