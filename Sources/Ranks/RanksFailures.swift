import Basics

/// The messages of this module.
extension Failure {
  private static let packages = "on Debian: apt-get install openmpi-bin libopenmpi3"

  static func slurmWithoutPMIx(tasks: Int) -> Failure {
    Failure(
      "ranks.pmix", "srun started several tasks that cannot find each other: each would train on its own",
      found: "\(tasks) tasks without PMIx",
      hint: "srun --mpi=pmix …; to train alone in one task's shell, begin the command with env -u SLURM_STEP_NUM_TASKS",
      exit: .usage)
  }

  static func foreignLauncher(tasks: Int) -> Failure {
    Failure(
      "ranks.foreign", "the program was started by the mpirun of another MPI than Open MPI",
      found: "\(tasks) tasks (PMI_SIZE)", hint: "\(packages); then begin with mpirun.openmpi -n \(tasks)",
      exit: .usage)
  }

  static func noMPI(_ reason: String, tasks: Int) -> Failure {
    Failure(
      "ranks.library", "started as one of several tasks, but there is no Open MPI to join them",
      found: "\(tasks) tasks; \(reason)", expected: "libmpi.so.40 of Open MPI", hint: packages, exit: .usage)
  }

  static func otherCount(_ found: Int, expected: Int) -> Failure {
    Failure(
      "ranks.count", "Open MPI found another number of tasks than were started: each would train on its own",
      found: "\(found)", expected: "\(expected)",
      hint: "start them with mpirun of the same Open MPI, or with srun --mpi=pmix", exit: .usage)
  }

  static func mpi(_ call: String, _ code: Int32) -> Failure {
    Failure("ranks.mpi", "Open MPI reports an error", on: call, found: "code \(code)", hint: goOn)
  }

  static func ranksDiffer(_ ranks: [String], _ differences: [String]) -> Failure {
    Failure(
      "ranks.differ", "the ranks would not train the same weights", on: ranks.joined(separator: ", "),
      found: differences.joined(separator: "; "),
      hint: "every rank needs the same command line, the same data and the same program", exit: .usage)
  }

  static func lost(_ rank: Int, seconds: Double) -> Failure {
    Failure(
      "ranks.lost", "a rank is gone", on: "rank \(rank)", found: "no sign of life for \(Int(seconds)) s", hint: goOn)
  }

  static func tooLarge(_ bytes: Int) -> Failure {
    Failure("ranks.size", "a message is larger than MPI can send", found: "\(bytes) bytes", expected: "under 2 GiB")
  }

  /// For a message of the wrong length: the other side is another program or another version.
  static func otherProtocol(_ rank: Int) -> Failure {
    Failure("ranks.protocol", "a rank says something unforeseen: it is another version of pipeline", on: "rank \(rank)")
  }

  private static let goOn =
    "the last checkpoint stands: the same command goes on, with any number of ranks or without mpirun"
}
