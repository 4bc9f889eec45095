import CSystem

package enum Memory {
  /// Gives the kernel back what was freed in small pieces. For the end of a phase that needed much of it; takes
  /// milliseconds.
  package static func returnFreed() { system_return_freed_memory() }
}
