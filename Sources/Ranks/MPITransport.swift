import Basics

/// Ranks as processes started by `mpirun` or `srun --mpi=pmix`. Only point-to-point messages are used: MPI's own sums
/// depend on the number of ranks.
final class MPITransport: Transport {
  let rank: Int
  let count: Int
  private let library: MPILibrary

  /// Connects to the other ranks; returns when all have joined. Call it on the thread that will use the transport.
  /// - Throws: `ranks.library`, `ranks.count`, `ranks.mpi`.
  init(_ launch: Launch) throws {
    library = try MPILibrary(tasks: launch.count)
    var (level, rank, count): (Int32, Int32, Int32) = (0, 0, 0)
    try Self.check("MPI_Init_thread", library.initialize(nil, nil, MPILibrary.funneled, &level))
    try Self.check("MPI_Comm_set_errhandler", library.setErrorHandler(library.world, library.errorsReturn))
    try Self.check("MPI_Comm_rank", library.rank(library.world, &rank))
    try Self.check("MPI_Comm_size", library.size(library.world, &count))
    (self.rank, self.count) = (Int(rank), Int(count))
    guard self.count == launch.count else { throw Failure.otherCount(self.count, expected: launch.count) }
  }

  fileprivate static func check(_ call: String, _ code: Int32) throws {
    guard code == 0 else { throw Failure.mpi(call, code) }
  }

  private func length(_ bytes: Int) throws -> Int32 {
    guard let length = Int32(exactly: bytes) else { throw Failure.tooLarge(bytes) }
    return length
  }

  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws -> any Transfer {
    let transfer = Request(library)
    try Self.check(
      "MPI_Isend",
      library.send(
        bytes.baseAddress, length(bytes.count), library.byte, Int32(rank), Int32(tag), library.world,
        &transfer.handle))
    return transfer
  }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws -> any Transfer {
    let transfer = Request(library)
    try Self.check(
      "MPI_Irecv",
      library.receive(
        bytes.baseAddress, length(bytes.count), library.byte, Int32(rank), Int32(tag), library.world,
        &transfer.handle))
    return transfer
  }

  func close() { _ = library.finalize() }
  func abort(_ status: Int32) { _ = library.abort(library.world, status) }

  private final class Request: Transfer {
    fileprivate var handle: MPILibrary.Handle?
    private let library: MPILibrary
    private var done = false

    init(_ library: MPILibrary) { self.library = library }

    func isDone() throws -> Bool {
      if done { return true }
      var flag: Int32 = 0
      try MPITransport.check("MPI_Test", library.test(&handle, &flag, nil))
      done = flag != 0
      return done
    }
  }
}
