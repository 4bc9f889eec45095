// Runs libFuzzer on one reader of untrusted files. Built by Scripts/fuzz, with its sanitizers.
//
// Environment variables: PIPELINE_FUZZ_TARGET names the reader. PIPELINE_FUZZ_SEEDS names a directory; instead of
// fuzzing, valid files for every reader are written there, in one directory per reader.

import Basics
import Foundation

nonisolated(unsafe) private var chosen: FuzzTarget?

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<Int32>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// The package manager uses the function of this name as `main`, instead of libFuzzer's own.
@_cdecl("fuzz_main")
public func fuzzMain(_ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  var (count, words) = (count, words)
  return runFuzzer(&count, &words, fuzzOnce)
}

@_cdecl("LLVMFuzzerInitialize")
public func beginFuzzing(_ count: UnsafeMutableRawPointer?, _ words: UnsafeMutableRawPointer?) -> Int32 {
  let environment = ProcessInfo.processInfo.environment
  if let directory = environment["PIPELINE_FUZZ_SEEDS"] {
    do { try writeSeeds(to: directory) } catch {
      print("seeds: \(error)")
      exit(1)
    }
    exit(0)
  }
  chosen = fuzzTargets.first { $0.name == environment["PIPELINE_FUZZ_TARGET"] }
  if chosen == nil {
    print("PIPELINE_FUZZ_TARGET names no reader: \(fuzzTargets.map(\.name).joined(separator: ", "))")
    exit(64)
  }
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOnce(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  chosen?.take(UnsafeBufferPointer(start: bytes, count: size))
  return 0
}

private func writeSeeds(to directory: String) throws {
  for target in fuzzTargets {
    try Files.makeDirectory("\(directory)/\(target.name)")
    for (number, seed) in try target.seeds().enumerated() {
      try Files.write(seed, to: "\(directory)/\(target.name)/seed-\(number)")
    }
  }
}
