import Glibc

/// Descriptors 0, 1 and 2, which the parent process may have closed (`>&-`).
package enum StandardStreams {
  /// Occupies the closed ones, so that no file opened later gets their numbers. Writing to them is an error, as for any
  /// closed stream. Called before anything is opened.
  package static func occupy() {
    for stream in Int32(0)...2 where fcntl(stream, F_GETFD) < 0 {
      // The lowest free number is this one. Opened so that the input cannot be read and the outputs cannot be written.
      _ = open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
