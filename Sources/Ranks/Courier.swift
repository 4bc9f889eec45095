import Basics
import CSystem
import Foundation

/// Sends and receives messages on its own thread while other threads compute, and monitors another rank.
///
/// Every rank must give its courier the same errands in the same order: this is how messages are matched. Each second,
/// a rank sends a sign of life to the next one. If a rank hears nothing from the previous one for too long, it treats
/// that rank as dead and every errand fails. So no rank waits forever, however the ranks were started.
final class Courier: @unchecked Sendable {
  private enum Order: Equatable { case work, close, abort(Int32) }

  private(set) var rank = 0
  private(set) var count = 1
  /// Guards everything below.
  private let condition = NSCondition()
  private var isOpen = false
  private var arriving: [Errand] = []
  private var nextTag = 0
  private var waiters = 0
  private var failure: Failure?
  private var order = Order.work
  private var isOver = false
  private var sent = Traffic()

  /// The number of different tags for errands, which are then reused; MPI guarantees 32,768 of them.
  private static let tags = 16_384

  /// - Parameters:
  ///   - silence: the seconds without a message after which a rank is treated as dead.
  ///   - open: creates the transport, on the thread that will use it.
  init(silence: Double, _ open: @escaping @Sendable () throws -> any Transport) throws {
    let thread = Thread { self.run(open, silence) }
    thread.stackSize = 8 << 20
    thread.name = "courier"
    thread.start()
    condition.lock()
    defer { condition.unlock() }
    while !isOpen, failure == nil { condition.wait() }
    if let failure { throw failure }
  }

  var traffic: Traffic { condition.withLock { sent } }

  /// Queues an errand and returns at once.
  func start(_ errand: Errand) {
    condition.withLock {
      errand.tag = nextTag
      nextTag = (nextTag + 1) % Self.tags
      arriving.append(errand)
      condition.broadcast()
    }
  }

  /// - Throws: the error that ended the courier: `ranks.lost`, `ranks.mpi`.
  func wait(for errand: Errand) throws {
    let begin = ContinuousClock.now
    condition.lock()
    defer { condition.unlock() }
    waiters += 1
    while !errand.isDone, failure == nil { condition.wait() }
    waiters -= 1
    let time = (ContinuousClock.now - begin).components
    sent.secondsWaited += Double(time.seconds) + Double(time.attoseconds) * 1e-18
    if !errand.isDone, let failure { throw failure }
  }

  /// Ends in order; all other ranks must do the same.
  func close() { end(.close, seconds: 60) }

  /// Ends all ranks, including this one.
  func abort(_ status: Int32) { end(.abort(status), seconds: 5) }

  private func end(_ new: Order, seconds: Double) {
    let limit = Date(timeIntervalSinceNow: seconds)
    condition.withLock {
      order = new
      condition.broadcast()
      while !isOver, condition.wait(until: limit) {}
    }
  }

  // MARK: On the courier's thread

  private func run(_ open: @Sendable () throws -> any Transport, _ silence: Double) {
    system_set_rounding()
    do {
      let transport = try open()
      condition.withLock {
        (rank, count, isOpen) = (transport.rank, transport.count, true)
        condition.broadcast()
      }
      do { try work(transport, silence) } catch { fail(error) }
      awaitOrder(transport)
    } catch { fail(error) }
    condition.withLock {
      isOver = true
      condition.broadcast()
    }
  }

  private func fail(_ error: any Error) {
    condition.withLock {
      failure = (error as? Failure) ?? Failure("ranks.mpi", "messages cannot be sent", found: "\(error)")
      condition.broadcast()
    }
  }

  /// After a failure, nothing more is sent; waits for the order how to end.
  private func awaitOrder(_ transport: any Transport) {
    condition.lock()
    while order == .work { condition.wait() }
    let (order, hasFailed) = (order, failure != nil)
    condition.unlock()
    switch order {
    case .abort(let status): transport.abort(status)
    case .close where !hasFailed: transport.close()
    default: break
    }
  }

  /// Sends and receives until an order comes.
  private func work(_ transport: any Transport, _ silence: Double) throws {
    var (errands, turns, traffic, bulk) = ([Errand](), 0, Traffic(), 0)
    let watch = Heartbeat(transport, silence)
    while true {
      let (now, isAwaited) = take(&errands)
      switch now {
      case .work: break
      case .close: return try watch.leave()
      case .abort: return
      }
      try watch.beat()
      let before = errands.count
      var done: [Errand] = []
      for errand in errands where try errand.advance(transport, &traffic, bulk: &bulk) { done.append(errand) }
      errands.removeAll { errand in done.contains { $0 === errand } }
      if errands.count < before {
        turns = 0
        condition.withLock {
          for errand in done { errand.isDone = true }
          (sent.messages, sent.bytes) = (traffic.messages, traffic.bytes)
          condition.broadcast()
        }
      } else if !errands.isEmpty {
        turns += 1
        pause(turns, isAwaited)
      }
    }
  }

  /// Takes new errands, urgent ones first; waits a millisecond if there is nothing to do.
  private func take(_ errands: inout [Errand]) -> (Order, isAwaited: Bool) {
    condition.lock()
    defer { condition.unlock() }
    if errands.isEmpty, arriving.isEmpty, order == .work {
      _ = condition.wait(until: Date(timeIntervalSinceNow: 0.001))
    }
    errands += arriving
    arriving = []
    return (order, waiters > 0)
  }

  /// Polls again at once for a while if other threads wait for the result; else leaves the processor to the computing
  /// threads.
  private func pause(_ turns: Int, _ isAwaited: Bool) {
    if isAwaited, turns < 100 { sched_yield() } else { usleep(50) }
  }
}
