/// Communication between ranks: bytes from one rank to another, in the order in which they were sent with the same tag.
/// No call blocks: a transfer is started, and later queried whether it is done. Used only by the courier's thread.
package protocol Transport: AnyObject {
  /// The number of this rank, counted from 0.
  var rank: Int { get }
  var count: Int { get }

  /// Starts a send. The memory must not change until the transfer is done.
  /// - Throws: `ranks.mpi`.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws -> any Transfer
  /// Starts a receive of exactly as many bytes as were sent.
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws -> any Transfer

  /// Ends in order; every rank must call it. No transfer may be in progress.
  func close()
  /// Ends all ranks at once, if the transport can.
  func abort(_ status: Int32)
}

package protocol Transfer: AnyObject {
  /// Whether the send or receive is complete, so that the memory can be used again.
  func isDone() throws -> Bool
}
