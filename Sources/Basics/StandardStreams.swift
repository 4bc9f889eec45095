import Glibc

/// Descriptors 0, 1 and 2, which whoever starts a program may have closed (`>&-`).
package enum StandardStreams {
  /// Occupies those that are closed, so that no file that is opened later becomes one of them. What is written there is
  /// an error, as for any closed stream. Called before anything is opened.
  package static func occupy() {
    for stream in Int32(0)...2 where fcntl(stream, F_GETFD) < 0 {
      // The lowest free number is this one. Not to be read where results are read, nor written where they are written.
      _ = open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
