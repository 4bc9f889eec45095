// swift-tools-version: 6.2
import PackageDescription

/// Swift modules in the order data flows; each names the only modules it may import.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies)
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
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),
    .target(name: "CKernels"),
    library("CSndFile", pkgConfig: "sndfile", apt: "libsndfile1-dev"),
    library("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
    library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    library("COpenBLAS", pkgConfig: "openblas", apt: "libopenblas-dev"),

    module("Basics", ["CSystem"]),
    module("Corpus", ["Basics"]),
    module("Tensors", ["Basics"]),
    module("StageGraph", ["Basics", grdb, sqlite]),
    module("RemoteCache", ["Basics", "StageGraph", "CCurl", protobuf]),
    module("Media", ["Basics", "Corpus", "CFFmpeg", "CResampler", "CSndFile"]),
    module("Shards", ["Basics", "Corpus", "Tensors", "CArchive"]),
    module("Kernels", ["Basics", "Tensors", "CKernels", "COneDNN", "COpenBLAS"]),
    module("WeightFiles", ["Basics", "Tensors", protobuf]),
    module("Distillation", ["Basics", "Corpus", "Tensors", "Kernels", "Shards", "CSndFile", protobuf]),
    module("Evaluation", ["Basics", "Kernels", "Distillation"]),
    module("Report", ["Basics"]),
    module("Wav2CLIP", ["Basics", "Tensors", "Kernels", "Distillation", "WeightFiles", "CResampler"]),
    .target(
      name: "Stages",
      dependencies: [
        "Basics", "Corpus", "Tensors", "Kernels", "StageGraph", "RemoteCache", "Media", "Shards", "Distillation",
        "Evaluation",
        "WeightFiles", "Report", "Wav2CLIP",
        yams,
      ],
      path: "Sources/Jobs"),
    .executableTarget(
      name: "pipeline",
      dependencies: [
        "Basics", "Corpus", "StageGraph", "Media", "Shards", "Kernels", "Distillation", "Evaluation", "WeightFiles",
        "Report",
        "RemoteCache", "Stages", arguments,
      ]),

    .target(
      name: "TestSupport", dependencies: ["Basics", "Distillation", "WeightFiles"], path: "Tests/TestSupport"),
    .testTarget(name: "BasicsTests", dependencies: ["Basics"]),
    .testTarget(name: "CorpusTests", dependencies: ["Basics", "Corpus"]),
    .testTarget(name: "TensorsTests", dependencies: ["TestSupport", "Tensors", "WeightFiles"]),
    .testTarget(name: "StageGraphTests", dependencies: ["StageGraph"]),
    .testTarget(name: "RemoteCacheTests", dependencies: ["TestSupport", "Basics", "StageGraph", "RemoteCache"]),
    .testTarget(name: "MediaTests", dependencies: ["Media", "Corpus", "CFFmpeg", "CResampler"]),
    .testTarget(name: "ShardsTests", dependencies: ["TestSupport", "Shards"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
    .testTarget(name: "DistillationTests", dependencies: ["Distillation", "WeightFiles"]),
    .testTarget(name: "ReportTests", dependencies: ["Report", "Basics"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "Distillation", "Kernels"]),
    .testTarget(name: "Wav2CLIPTests", dependencies: ["TestSupport", "Wav2CLIP", "Distillation", "WeightFiles"]),
    .testTarget(
      name: "PipelineTests",
      dependencies: [
        "TestSupport", "Basics", "Corpus", "Media", "StageGraph", "Stages", "Tensors", "Distillation", "Evaluation",
        "WeightFiles", "Wav2CLIP", "pipeline",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
