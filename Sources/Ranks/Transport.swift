/// How ranks reach each other: bytes from one to another, in the order in which they were sent with one tag. Nothing
/// waits: a transfer is begun and asked later whether it is done. Used by one thread alone, the courier's.
package protocol Transport: AnyObject {
  /// Which of the ranks this process is, counted from 0.
  var rank: Int { get }
  var count: Int { get }

  /// Begins to send. The memory stays as it is until the transfer is done.
  /// - Throws: `ranks.mpi`.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws -> any Transfer
  /// Begins to receive as many bytes as were sent.
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws -> any Transfer

  /// Ends in order; every rank has to. No transfer may be under way.
  func close()
  /// Ends all ranks at once, where the transport can.
  func abort(_ status: Int32)
}

package protocol Transfer: AnyObject {
  /// Whether the memory may be used again: sent, or filled.
  func isDone() throws -> Bool
}
