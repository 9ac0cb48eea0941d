// What the files of trained and pruned networks say of how they were made, as ONNX metadata under keys that begin with
// `secateur.`. A network keeps the notes of the one that it was made from, so that the last file tells the whole way.

internal import Crypto
internal import Datasets
public import Files
public import ONNXFormat
public import Pruning
public import Training

/// Where a network comes from.
public enum ModelOrigin: Sendable {
    /// Random weights; by name.
    case architecture(String)
    /// The digest of the file that it was made from.
    case parent(digest: String)
}

extension ONNXModel {
    /// The architecture that the network began as, where its file tells.
    public var architecture: Architecture? { metadata["secateur.architecture"].flatMap(Architecture.init) }

    /// Puts down that the network was trained.
    ///
    /// - Parameter data: the examples' path.
    public mutating func noteTraining(_ run: TrainingRun, data: String, origin: ModelOrigin) {
        metadata["secateur.step"] = run.options.keepsZeros ? "finetune" : "train"
        note(origin)
        metadata["secateur.data"] = data
        metadata["secateur.seed"] = "\(run.options.seed)"
        metadata["secateur.epochs"] = "\(run.epoch)"
        metadata["secateur.test_accuracy"] = "\(run.testAccuracy)"
    }

    /// Puts down that the network was pruned; what was known of its accuracy no longer holds.
    public mutating func notePruning(_ task: PruningTask, _ result: PruningResult, parent: String) {
        metadata["secateur.step"] = "prune"
        note(.parent(digest: parent))
        metadata["secateur.test_accuracy"] = nil
        metadata["secateur.epochs"] = nil
        var (ratio, seed): (String?, UInt64?)
        switch task {
        case .weights(let options):
            metadata["secateur.pruning_method"] = options.method.rawValue
            metadata["secateur.pruning_scope"] = "\(options.scope)"
            ratio = options.pattern.map { "\($0.kept):\($0.group)" } ?? "\(options.ratio)"
            seed = options.seed
            metadata["secateur.pruning_revival"] = options.revival > 0 ? "\(options.revival)" : nil
        case .channels(let options):
            metadata["secateur.pruning_method"] = "channels by \(options.norm)"
            metadata["secateur.pruning_scope"] = "\(options.scope)"
            ratio = "\(options.ratio)"
        case .merging:
            metadata["secateur.pruning_method"] = "merge"
            metadata["secateur.pruning_scope"] = nil
        }
        metadata["secateur.pruning_ratio"] = ratio
        metadata["secateur.pruning_seed"] = seed.map { "\($0)" }
        if case .weights(let layers) = result.report {
            let (zeros, weights) = layers.reduce((0, 0)) { ($0.0 + $1.zeros, $0.1 + $1.weights) }
            metadata["secateur.pruning_zeros"] = "\(zeros) of \(weights)"
        } else {
            metadata["secateur.pruning_zeros"] = nil
        }
    }

    private mutating func note(_ origin: ModelOrigin) {
        switch origin {
        case .architecture(let name): metadata["secateur.architecture"] = name
        case .parent(let digest): metadata["secateur.parent"] = digest
        }
    }
}

/// A file's SHA-256 in hexadecimal, of the bytes as they are stored.
public func digest(ofFile path: String) throws(FileError) -> String {
    SHA256.hash(data: try readFileAsStored(path)).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        .joined()
}
