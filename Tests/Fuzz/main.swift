// Throws what libFuzzer thinks of at one reader of files from outside. Built by Scripts/fuzz, with its sanitizers.
//
// usage: fuzz list           the readers' names
//        fuzz seeds DIR      whole files of every reader, in a folder each
//        fuzz NAME [WORD…]   libFuzzer's own words: folders of files to begin with, seconds, a file to repeat

import Basics
import CFuzz
import Foundation

let words = CommandLine.arguments
nonisolated(unsafe) var chosen: FuzzTarget?

switch words.dropFirst().first {
case "list":
  for target in fuzzTargets { print(target.name) }
case "seeds" where words.count == 3:
  for target in fuzzTargets {
    let folder = "\(words[2])/\(target.name)"
    try Files.makeDirectory(folder)
    for (number, seed) in try target.seeds().enumerated() { try Files.write(seed, to: "\(folder)/seed-\(number)") }
  }
default:
  guard let name = words.dropFirst().first, let target = fuzzTargets.first(where: { $0.name == name }) else {
    print("usage: fuzz list | seeds DIR | NAME [WORD…]")
    exit(64)
  }
  chosen = target
  // The program's name, and what is libFuzzer's.
  var rest: [UnsafeMutablePointer<CChar>?] = ([words[0]] + words.dropFirst(2)).map { strdup($0) } + [nil]
  var count = Int32(rest.count - 1)
  let status = rest.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    return withUnsafeMutablePointer(to: &start) { place in
      place.withMemoryRebound(to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?.self, capacity: 1) {
        LLVMFuzzerRunDriver(&count, $0) { bytes, size in
          chosen?.take(UnsafeBufferPointer(start: bytes, count: size))
          return 0
        }
      }
    }
  }
  exit(status)
}
