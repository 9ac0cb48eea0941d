import Crypto
import Datasets
import Files
import Glibc
import Networks
import ONNXFormat
import Training

/// Runs epochs as the arguments ask, tells of each, and writes the network.
struct TrainingSession {
    let arguments: TrainingArguments
    /// Notes for the file that do not depend on the run.
    var metadata: [String: String]

    /// - Parameter makeNetwork: the network to start from, given the training examples.
    mutating func run(
        keepsZeros: Bool, _ makeNetwork: (Examples) throws(InputFault) -> TrainableNetwork
    ) throws {
        catchInterrupts()
        let (dataset, training) = try arguments.data.training()
        let test = try arguments.data.test()
        let options = arguments.options(range: dataset.dataRange, keepsZeros: keepsZeros)
        let network = try makeNetwork(training)
        let run: TrainingRun
        do {
            run = try TrainingRun(network, training: training, test: test, options: options)
        } catch {
            throw InputFault("\(arguments.data.data): \(error.description)")
        }
        if arguments.resume, let path = arguments.checkpoint { try resume(run, from: path) }
        var accuracy = 0.0
        if keepsZeros || arguments.resume {
            accuracy = run.evaluateTest().accuracy
            say("before: test accuracy \(percent(accuracy))")
        }
        while run.epoch < options.epochs && !reached(accuracy, options, run) {
            let progress = ProgressLine()
            let result = run.runEpoch(progress: { progress.show(Self.line($0)) }, isCancelled: { isInterrupted() })
            progress.finish()
            guard let result else { throw ExitStatus.interrupted }
            accuracy = result.testAccuracy
            say(Self.line(result))
            guard result.loss.isFinite else {
                throw InputFault("the loss is no longer a number; choose a lower --rate")
            }
            if let path = arguments.checkpoint { try write(run.checkpoint.bytes, to: path) }
        }
        metadata["secateur.data"] = arguments.data.data
        metadata["secateur.seed"] = "\(arguments.seed)"
        metadata["secateur.epochs"] = "\(run.epoch)"
        metadata["secateur.test_accuracy"] = "\(accuracy)"
        try write(
            ONNXWriter.write(ONNXModel(trainable: run.network, metadata: metadata), name: "trained"),
            to: arguments.out)
        if let target = options.targetAccuracy, accuracy < target {
            say("the target of \(percent(target)) was not reached in \(run.epoch) epochs")
        }
    }

    private func reached(_ accuracy: Double, _ options: TrainingOptions, _ run: TrainingRun) -> Bool {
        guard let target = options.targetAccuracy, run.epoch > 0 || options.keepsZeros else { return false }
        return accuracy >= target
    }

    private func resume(_ run: TrainingRun, from path: String) throws(InputFault) {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path)
        } catch {
            throw InputFault(error.description)
        }
        do {
            try run.resume(from: try Checkpoint(bytes: bytes))
        } catch {
            throw InputFault("\(path): \(error.description)")
        }
    }

    private static func line(_ result: EpochResult) -> String {
        "epoch \(result.epoch): loss \(formatted("%.4f", result.loss)), accuracy \(percent(result.accuracy)), "
            + "test accuracy \(percent(result.testAccuracy)), \(formatted("%.1f", result.seconds)) s, "
            + "\(formatted("%.0f", result.examplesPerSecond)) images/s"
    }

    private static func line(_ progress: TrainingProgress) -> String {
        "epoch \(progress.epoch)/\(progress.epochs)  \(progress.done)/\(progress.total), "
            + "loss \(formatted("%.4f", progress.loss)), accuracy \(percent(progress.accuracy)), "
            + "\(formatted("%.0f", progress.examplesPerSecond)) images/s, "
            + "\(formatted("%.0f", progress.secondsLeftInEpoch)) s left"
    }

    private func say(_ line: String) { writeOut(line + "\n", to: STDOUT_FILENO) }
}

func percent(_ share: Double) -> String { formatted("%.2f", 100 * share) + " %" }

/// Writes a whole file; what was there before stays until the new one is complete.
func write(_ bytes: [UInt8], to path: String) throws(InputFault) {
    let part = path + ".part"
    let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0, bytes.withUnsafeBytes({ writeOut($0, to: descriptor) }), close(descriptor) == 0,
        rename(part, path) == 0
    else {
        throw InputFault("\(path): cannot be written (\(String(cString: strerror(errno)))); choose another place")
    }
}

/// The network and its file's notes, or in one line what is wrong with it.
func readModel(_ path: String) throws(InputFault) -> ONNXModel {
    do {
        return try ONNXReader.readModel(path: path)
    } catch {
        throw InputFault(error.description)
    }
}

/// A file's SHA-256, in hexadecimal.
func fileHash(_ path: String) throws(InputFault) -> String {
    do {
        return SHA256.hash(data: try readFile(path)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    } catch {
        throw InputFault(error.description)
    }
}
