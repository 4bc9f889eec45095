import Basics

/// How this process was started, according to the environment: as one of several tasks, or alone.
package struct Launch: Sendable, Equatable {
  package var rank: Int
  package var count: Int

  /// - Parameter environment: the environment of the process.
  /// - Returns: nil if the process was started alone.
  /// - Throws: `ranks.pmix`, `ranks.foreign` if there are several tasks that could not connect: each would train
  ///   separately.
  package init?(_ environment: [String: String]) throws {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    // If `mpirun` runs inside a Slurm step, its variables take precedence.
    if let count = number("OMPI_COMM_WORLD_SIZE") {
      guard count > 1 else { return nil }
      self.init(rank: number("OMPI_COMM_WORLD_RANK") ?? 0, count: count)
    } else if let count = number("SLURM_STEP_NUM_TASKS"), let rank = number("SLURM_PROCID"), count > 1 {
      guard environment["PMIX_RANK"] != nil else { throw Failure.slurmWithoutPMIx(tasks: count) }
      self.init(rank: rank, count: count)
    } else if let count = number("PMI_SIZE"), count > 1 {
      throw Failure.foreignLauncher(tasks: count)
    } else {
      return nil
    }
  }

  package init(rank: Int, count: Int) { (self.rank, self.count) = (rank, count) }
}
