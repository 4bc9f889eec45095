/// How long clips are.
package enum ClipLength {
  /// Seconds of a clip unless somebody says otherwise.
  package static let usual = 10
  package static let allowed = 1...60
  /// Seconds that may be missing of a clip, and are padded; and that a file may have more before it is called long.
  package static let tolerance = 0.5
}
