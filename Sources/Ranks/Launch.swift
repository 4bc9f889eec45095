import Basics

/// What the environment says of how this process was started: as one of several tasks, or alone.
package struct Launch: Sendable, Equatable {
  package var rank: Int
  package var count: Int

  /// - Parameter environment: of the process.
  /// - Returns: nil for a process that was started alone.
  /// - Throws: `ranks.pmix`, `ranks.foreign` where there are several tasks that could not find each other: each would
  ///   train on its own.
  package init?(_ environment: [String: String]) throws {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    // Where `mpirun` runs inside a step of Slurm, its word is the later one.
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
