// What `train` and `finetune` have in common: data, schedule, defence, and where the result goes.

import ArgumentParser
import Datasets
import Glibc
import Networks
import Training

struct DataArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Labelled examples: a directory of IDX, CIFAR, NPY or PNG files, a CSV file, or 'digits', drawn here.",
            valueName: "path"))
    var data: String

    @Option(help: ArgumentHelp("Test examples, when they are not beside the training ones.", valueName: "path"))
    var testData: String?

    @Option(help: ArgumentHelp("Use only so many training examples.", valueName: "count"))
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func training() throws(InputFault) -> (dataset: Dataset, examples: Examples) {
        let dataset = try open(data, .train)
        return (dataset, try read(dataset, most: limit))
    }

    func test() throws(InputFault) -> Examples { try read(try open(testData ?? data, .test), most: nil) }

    private func open(_ path: String, _ split: Dataset.Options.Split) throws(InputFault) -> Dataset {
        do {
            return try Dataset(opening: path, options: Dataset.Options(split: split))
        } catch {
            throw InputFault(error.description)
        }
    }

    private func read(_ dataset: Dataset, most: Int?) throws(InputFault) -> Examples {
        do {
            return try dataset.examples(0..<min(dataset.count, most ?? dataset.count))
        } catch {
            throw InputFault(error.description)
        }
    }
}

struct TrainingArguments: ParsableArguments {
    @OptionGroup var data: DataArguments

    @Option(help: ArgumentHelp("Where the network is written.", valueName: "file"))
    var out: String

    @Option(help: "The most epochs.")
    var epochs = 100

    @Option(help: ArgumentHelp("Stop after the first epoch with this test accuracy.", valueName: "share"))
    var targetAccuracy: Double?

    @Option(help: "Examples per step.")
    var batchSize = 64

    @Option(help: "How many threads share a batch. (default: one per processor, if the batch fills them)")
    var threads: Int?

    @Option(help: "Start of the random numbers; the same seed and threads give the same network.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("sgd, adam or adamw.", valueName: "name"))
    var optimizer = "adamw"

    @Option(help: "Of sgd.")
    var momentum = 0.9

    @Option(help: "The highest learning rate. (default: 1e-3, for resnet4 1e-2, for fine-tuning 0.1 of it)")
    var rate: Double?

    @Option(
        help: ArgumentHelp(
            "The rate rises over 0.3 of so many epochs, then falls to nearly nothing. (default: for resnet4 12, for fine-tuning it 8)",
            valueName: "epochs"))
    var rateCycle: Int?

    @Option(
        help: ArgumentHelp(
            "Epochs after which the rate falls by --rate-factor. (default: 30, but for resnet4)", valueName: "epochs"))
    var ratePeriod: Int?

    @Option(help: "What it falls by. (default: 0.1)")
    var rateFactor: Double?

    @Option(help: "How strongly parameters are pulled towards 0.")
    var weightDecay = 1e-4

    @Option(
        help: ArgumentHelp(
            "Turn training images by up to so many degrees. (default: 10 for resnet4, else 0)", valueName: "degrees"))
    var rotation: Double?

    @Option(help: ArgumentHelp("Move training images by up to so many pixels.", valueName: "pixels"))
    var shift = 0.0

    @Option(
        help: ArgumentHelp(
            "Against what: none, interval (worst case by interval arithmetic) or adversarial (gradient descent).",
            valueName: "name"))
    var defence = "none"

    @Option(help: ArgumentHelp("How far inputs may be moved, for the defence and for stability.", valueName: "radius"))
    var epsilon = 0.0

    @Option(help: ArgumentHelp("Share of the worst case in the loss of interval training.", valueName: "share"))
    var worstCaseWeight = 0.5

    @Option(help: ArgumentHelp("Steps of gradient descent of adversarial training.", valueName: "count"))
    var attackSteps = 7

    @Option(help: ArgumentHelp("Penalty per neuron whose sign changes within epsilon.", valueName: "weight"))
    var stability = 0.0

    @Option(help: ArgumentHelp("Epochs over which epsilon grows to its value.", valueName: "epochs"))
    var rampEpochs = 0

    @Option(help: ArgumentHelp("Keep the state here after every epoch.", valueName: "file"))
    var checkpoint: String?

    @Flag(help: "Go on from the checkpoint.")
    var resume = false

    func validate() throws {
        if let ratePeriod, ratePeriod < 1 { throw ValidationError("--rate-period must be at least 1") }
        if let rateCycle, rateCycle < 1 { throw ValidationError("--rate-cycle must be at least 1") }
        if rateCycle != nil, ratePeriod != nil || rateFactor != nil {
            throw ValidationError("give --rate-cycle, or --rate-period and --rate-factor, not both")
        }
        if epochs < 1 { throw ValidationError("--epochs must be at least 1") }
        if let threads, !(1...64).contains(threads) { throw ValidationError("--threads must be 1 to 64") }
        if !["sgd", "adam", "adamw"].contains(optimizer) {
            throw ValidationError("--optimizer must be sgd, adam or adamw")
        }
        if !["none", "interval", "adversarial"].contains(defence) {
            throw ValidationError("--defence must be none, interval or adversarial")
        }
        if defence != "none" || stability > 0, !(epsilon > 0) {
            throw ValidationError("--defence and --stability need --epsilon, how far inputs may be moved")
        }
        if let targetAccuracy, !(0...1).contains(targetAccuracy) {
            throw ValidationError("--target-accuracy must be between 0 and 1")
        }
        for (name, value) in [
            ("--rate", rate ?? 0), ("--weight-decay", weightDecay), ("--rotation", rotation ?? 0), ("--shift", shift),
            ("--epsilon", epsilon), ("--stability", stability), ("--rate-factor", rateFactor ?? 0),
            ("--momentum", momentum),
        ] where !(value >= 0 && value.isFinite) { throw ValidationError("\(name) must be a number, 0 or more") }
        if resume && checkpoint == nil { throw ValidationError("--resume needs --checkpoint, the file to go on from") }
    }

    /// - Parameter recipe: holds what is not asked for otherwise.
    func options(_ recipe: TrainingOptions, range: ClosedRange<Double>?) -> TrainingOptions {
        var options = recipe
        options.epochs = epochs
        options.targetAccuracy = targetAccuracy
        options.batchSize = batchSize
        let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        options.threads = threads ?? TrainingOptions.threads(batchSize: batchSize, processors: processors)
        options.seed = seed
        options.optimizer =
            switch optimizer {
            case "sgd": .momentum(momentum)
            case "adam": .adam
            default: .adamW
            }
        options.schedule = recipe.schedule.changed(
            rate: rate, factor: rateFactor, period: ratePeriod, cycle: rateCycle)
        options.weightDecay = weightDecay
        options.augmentation = Augmentation(rotation: rotation ?? recipe.augmentation.rotation, shift: shift)
        options.inputRange = range ?? -Double.infinity...Double.infinity
        options.defence =
            switch defence {
            case "interval": .interval(weight: worstCaseWeight)
            case "adversarial": .adversarial(steps: attackSteps)
            default: .none
            }
        options.stability = stability
        options.radius = epsilon
        options.rampEpochs = rampEpochs
        return options
    }
}
