// swift-tools-version: 6.2
import PackageDescription

/// Swift modules in the order data flows; each names the only modules it may import.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies)
}

/// A job: one kind of work from start to end. No job imports another.
func job(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/Jobs/\(name)")
}

/// A Debian library that needs nothing but a module map.
func library(_ name: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "pipeline",
  products: [
    .executable(name: "pipeline", targets: ["pipeline"]),
    .library(name: "Wav2CLIP", targets: ["Wav2CLIP"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: shims over libraries whose interfaces change, and the numeric kernels.
    .target(name: "CSystem", linkerSettings: [.linkedLibrary("crypto"), .linkedLibrary("xxhash")]),
    .target(
      name: "CFFmpeg",
      linkerSettings: ["avformat", "avcodec", "swscale", "avutil"].map { .linkedLibrary($0) }),
    .target(name: "CResampler"),
    .target(name: "CMathematics"),
    .target(name: "CKernels", dependencies: ["CMathematics"]),
    library("CSndFile", pkgConfig: "sndfile", apt: "libsndfile1-dev"),
    library("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
    library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    library("COpenBLAS", pkgConfig: "openblas", apt: "libopenblas-dev"),

    module("Basics", ["CSystem", "CMathematics"]),
    module("Tar", ["Basics", "CArchive"]),
    module("Ranks", ["Basics", "CSystem"]),
    module("Corpus", ["Basics", "Tar"]),
    module("Attestation", ["Basics", "CSystem"]),
    module("Tensors", ["Basics"]),
    module("StageGraph", ["Basics", grdb, sqlite]),
    module("RemoteCache", ["Basics", "StageGraph", "CCurl", protobuf]),
    module("Kernels", ["Basics", "CSystem", "CKernels", "COpenBLAS"]),
    module("Audio", ["Basics", "Kernels", "CResampler", "CSndFile"]),
    module("Media", ["Basics", "Corpus", "Audio", "CSystem", "CFFmpeg", "CSndFile"]),
    module("Shards", ["Basics", "Tar", "Corpus", "Tensors", "CArchive"]),
    module("Networks", ["Basics", "Kernels"]),
    module("Models", ["Basics", "Tensors", "Kernels", "Audio", "Networks", protobuf]),
    module("CLIP", ["Basics", "Tensors", "Kernels", "Media", "Networks", "Models", "CArchive"]),
    module("Wav2CLIP", ["Basics", "Tensors", "Kernels", "Audio", "Networks", "Models"]),
    module(
      "Training",
      ["Basics", "Corpus", "Tensors", "Shards", "Kernels", "Audio", "Networks", "Models", "Ranks", protobuf]),
    module(
      "Evaluation",
      ["Basics", "Corpus", "Tensors", "Shards", "Kernels", "Audio", "Networks", "Models", "Training"]),

    job("Prepare", ["Basics", "Corpus", "Tensors", "StageGraph", "RemoteCache", "Media", "Shards", "CLIP"]),
    .target(
      name: "Runs",
      dependencies: [
        "Basics", "Corpus", "Tensors", "StageGraph", "Shards", "Audio", "Networks", "Models", "Training", "Evaluation",
      ], path: "Sources/Jobs/Runs"),
    job(
      "Distill",
      [
        "Basics", "Corpus", "Tensors", "StageGraph", "Shards", "Kernels", "Audio", "Networks", "Models", "Training",
        "Evaluation", "Ranks", "Runs",
      ]),
    job("Attest", ["Basics", "Kernels", "Training", "Attestation", "Runs"]),
    job("Export", ["Basics", "Tensors", "Kernels", "Audio", "Networks", "Models", "Training", "Runs"]),
    job(
      "Embed",
      [
        "Basics", "Corpus", "Tensors", "Audio", "Media", "Shards", "Kernels", "Networks", "Models", "CLIP", "Training",
        "Wav2CLIP", "Runs",
      ]),
    job(
      "Search",
      [
        "Basics", "Corpus", "Tensors", "Media", "Shards", "Kernels", "Models", "CLIP", "Wav2CLIP", "Evaluation", "Runs",
      ]),
    job(
      "Caption",
      [
        "Basics", "Tensors", "Shards", "Kernels", "Audio", "Networks", "Models", "Wav2CLIP", "Ranks", "Training",
        "Evaluation",
      ]),
    job(
      "Evaluate",
      [
        "Basics", "Corpus", "Tensors", "Audio", "Media", "Shards", "Kernels", "Networks", "Models", "CLIP", "Training",
        "Evaluation", "Runs",
      ]),
    job(
      "Report",
      [
        "Basics", "Corpus", "StageGraph", "Audio", "Media", "Shards", "Kernels", "Networks", "Models", "Training",
        "Evaluation", "Runs",
      ]),
    job(
      "Inspect",
      [
        "Basics", "Tar", "Corpus", "Tensors", "StageGraph", "RemoteCache", "Media", "Shards", "Kernels", "Networks",
        "Models", "CLIP", "Training", "Evaluation", "Runs",
      ]),
    .target(name: "Flow", dependencies: ["Basics", "Corpus", "StageGraph", yams], path: "Sources/Jobs/Flow"),
    .executableTarget(
      name: "pipeline",
      dependencies: [
        "Basics", "Corpus", "StageGraph", "RemoteCache", "Audio", "Media", "Shards", "Kernels", "Networks", "Models",
        "CLIP", "Ranks", "Training", "Evaluation", "Prepare", "Runs", "Distill", "Attest", "Export", "Embed", "Search",
        "Caption",
        "Evaluate", "Report", "Inspect", "Flow", arguments,
      ]),

    .target(
      name: "TestSupport", dependencies: ["Basics", "Tensors", "Audio", "Kernels", "Networks", "Models", "Ranks"],
      path: "Tests/TestSupport"
    ),
    .testTarget(name: "BasicsTests", dependencies: ["TestSupport", "Basics", "CMathematics"]),
    .testTarget(name: "AttestationTests", dependencies: ["TestSupport", "Basics", "Attestation"]),
    .testTarget(name: "CorpusTests", dependencies: ["TestSupport", "Basics", "Tar", "Corpus"]),
    .testTarget(name: "TensorsTests", dependencies: ["TestSupport", "Tensors", "Networks", "Models"]),
    .testTarget(name: "StageGraphTests", dependencies: ["TestSupport", "StageGraph"]),
    .testTarget(name: "RemoteCacheTests", dependencies: ["TestSupport", "Basics", "StageGraph", "RemoteCache"]),
    .testTarget(name: "AudioTests", dependencies: ["Audio", "CResampler"]),
    .testTarget(name: "MediaTests", dependencies: ["Media", "Corpus", "CFFmpeg"]),
    .testTarget(name: "ShardsTests", dependencies: ["TestSupport", "Tar", "Shards"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
    .testTarget(name: "NetworksTests", dependencies: ["TestSupport", "Basics", "Kernels", "Networks"]),
    .testTarget(
      name: "ModelsTests", dependencies: ["TestSupport", "Basics", "Tensors", "Audio", "Kernels", "Networks", "Models"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["TestSupport", "Basics", "Tensors", "Audio", "Kernels", "Networks", "Models", "Ranks", "Training"]),
    .testTarget(name: "RanksTests", dependencies: ["TestSupport", "Basics", "Ranks"]),
    .testTarget(
      name: "CLIPTests", dependencies: ["TestSupport", "Basics", "Tensors", "Kernels", "Media", "Networks", "CLIP"]),
    .testTarget(name: "ReportTests", dependencies: ["Report", "Basics"]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: ["TestSupport", "Basics", "Evaluation", "Training", "Kernels"]),
    .testTarget(
      name: "Wav2CLIPTests", dependencies: ["TestSupport", "Audio", "Wav2CLIP", "Networks", "Models"]),
    .testTarget(
      name: "JobsTests",
      dependencies: [
        "TestSupport", "Basics", "Corpus", "Tensors", "StageGraph", "Audio", "Media", "Shards", "Kernels", "Networks",
        "Models", "CLIP", "Ranks",
        "Training", "Evaluation", "Prepare", "Runs", "Distill", "Export", "Embed", "Caption", "Evaluate", "Report",
        "Inspect",
        "Flow",
      ]),
    .testTarget(
      name: "PipelineTests",
      dependencies: [
        "TestSupport", "Basics", "Tar", "Corpus", "Tensors", "StageGraph", "Audio", "Media", "Kernels", "Networks",
        "Models",
        "Training", "Evaluation", "Wav2CLIP", "Prepare", "Runs", "Embed", "Evaluate", "Report", "pipeline",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzer links libFuzzer, so that only Scripts/fuzz builds it.
if Context.environment["PIPELINE_FUZZ"] == "1" {
  package.targets += [
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "TestSupport", "Basics", "Corpus", "Tensors", "StageGraph", "RemoteCache", "Media", "Shards",
        "Networks",
        "Models", "CLIP", "Training", "Attestation", "Runs", "Flow",
      ], path: "Tests/Fuzz")
  ]
}
