import CSystem

package enum Memory {
  /// Returns freed small allocations to the kernel. For use after a phase that needed much memory; takes milliseconds.
  package static func returnFreed() { system_return_freed_memory() }
}
