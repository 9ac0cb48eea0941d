import Datasets
import Files
import Glibc
import Networks
import ONNXFormat
import Studies
import Training

/// Runs epochs as the arguments ask, tells of each, and writes the network.
struct TrainingSession {
    let arguments: TrainingArguments
    /// What the network is trained like where the arguments do not say.
    let recipe: TrainingOptions
    /// The notes of the file that the network comes from.
    let metadata: [String: String]
    let origin: ModelOrigin

    /// - Parameter makeNetwork: the network to start from, given the training examples.
    func run(_ makeNetwork: (Examples) throws(InputFault) -> TrainableNetwork) throws {
        catchInterrupts()
        let (dataset, training) = try arguments.data.training()
        let test = try arguments.data.test()
        let options = arguments.options(recipe, range: dataset.dataRange)
        let network = try makeNetwork(training)
        let run: TrainingRun
        do {
            run = try TrainingRun(network, training: training, test: test, options: options)
        } catch {
            throw InputFault("\(arguments.data.data): \(error.description)")
        }
        if arguments.resume, let path = arguments.checkpoint { try resume(run, from: path) }
        if options.keepsZeros || arguments.resume { say("before: test accuracy \(percent(run.testAccuracy))") }
        try runEpochs(run)
        var model = ONNXModel(trainable: run.network, metadata: metadata)
        model.noteTraining(run, data: arguments.data.data, origin: origin)
        try write(ONNXWriter.write(model, name: "trained"), to: arguments.out)
        if let target = options.targetAccuracy, !run.hasReachedTarget {
            say("the target of \(percent(target)) was not reached in \(run.epoch) epochs")
        }
    }

    private func runEpochs(_ run: TrainingRun) throws {
        let line = ProgressLine()
        defer { line.finish() }
        do {
            let results = try run.run(
                progress: { line.show(Self.line($0)) }, isCancelled: { isInterrupted() },
                afterEpoch: { result in
                    line.hide()
                    say(Self.line(result))
                    if let path = arguments.checkpoint { try write(run.checkpoint.bytes, to: path) }
                })
            if results == nil { throw ExitStatus.interrupted }
        } catch let error as TrainingError {
            throw InputFault(error.description)
        }
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
    do {
        try writeFile(bytes, to: path)
    } catch {
        throw InputFault(error.description)
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

func fileDigest(_ path: String) throws(InputFault) -> String {
    do {
        return try digest(ofFile: path)
    } catch {
        throw InputFault(error.description)
    }
}
