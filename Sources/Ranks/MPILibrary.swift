import Basics
import Glibc

/// The few Open MPI functions that are used, loaded at run time: building needs no MPI, and a program that is started
/// alone never opens the library. Handles are addresses of the library's own objects (`mpi.h` of Open MPI 2 to 5,
/// libmpi.so.40).
struct MPILibrary {
  typealias Handle = UnsafeMutableRawPointer
  typealias Flag = UnsafeMutablePointer<Int32>

  let initialize: @convention(c) (Flag?, UnsafeMutableRawPointer?, Int32, Flag) -> Int32
  let finalize: @convention(c) () -> Int32
  let abort: @convention(c) (Handle, Int32) -> Int32
  let rank: @convention(c) (Handle, Flag) -> Int32
  let size: @convention(c) (Handle, Flag) -> Int32
  let setErrorHandler: @convention(c) (Handle, Handle) -> Int32
  let send:
    @convention(c) (UnsafeRawPointer?, Int32, Handle, Int32, Int32, Handle, UnsafeMutablePointer<Handle?>) -> Int32
  let receive:
    @convention(c) (UnsafeMutableRawPointer?, Int32, Handle, Int32, Int32, Handle, UnsafeMutablePointer<Handle?>) ->
      Int32
  /// The last argument is `MPI_STATUS_IGNORE`, a null pointer.
  let test: @convention(c) (UnsafeMutablePointer<Handle?>, Flag, UnsafeMutableRawPointer?) -> Int32

  let world: Handle
  let byte: Handle
  let errorsReturn: Handle

  /// `MPI_THREAD_FUNNELED`: only the thread that initialized MPI calls it.
  static let funneled: Int32 = 1
  private static let names = ["libmpi.so.40", "libmpi.so"]

  /// - Parameter tasks: the number of tasks that were started, for the message.
  /// - Throws: `ranks.library` if there is no Open MPI.
  init(tasks: Int) throws {
    // RTLD_GLOBAL, because the components that Open MPI opens look for its symbols there.
    guard let library = Self.names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_GLOBAL) }).first else {
      throw Failure.noMPI(dlerror().map { String(cString: $0) } ?? "it cannot be opened", tasks: tasks)
    }
    func symbol(_ name: String) throws -> Handle {
      guard let found = dlsym(library, name) else {
        throw Failure.noMPI("libmpi has no \(name): it is not Open MPI's", tasks: tasks)
      }
      return found
    }
    func function<T>(_ name: String, as type: T.Type) throws -> T { unsafeBitCast(try symbol(name), to: type) }
    world = try symbol("ompi_mpi_comm_world")
    byte = try symbol("ompi_mpi_byte")
    errorsReturn = try symbol("ompi_mpi_errors_return")
    initialize = try function("MPI_Init_thread", as: type(of: initialize))
    finalize = try function("MPI_Finalize", as: type(of: finalize))
    abort = try function("MPI_Abort", as: type(of: abort))
    rank = try function("MPI_Comm_rank", as: type(of: rank))
    size = try function("MPI_Comm_size", as: type(of: size))
    setErrorHandler = try function("MPI_Comm_set_errhandler", as: type(of: setErrorHandler))
    send = try function("MPI_Isend", as: type(of: send))
    receive = try function("MPI_Irecv", as: type(of: receive))
    test = try function("MPI_Test", as: type(of: test))
  }
}
