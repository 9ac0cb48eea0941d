// The worker's side: a process that answers one question after the other and keeps what it has read.

internal import Datasets
internal import Files
internal import Glibc
internal import Intervals
internal import NetworkQueries
internal import Networks
internal import ONNXFormat
internal import Properties
internal import VNNLIBFormat
internal import Verification

public final class QueryWorker {
    private var networks = RecentValues<String, PreparedNetwork>(limit: 4)
    private var datasets = RecentValues<DatasetReference, Dataset>(limit: 4)

    public init() {}

    /// Answers the questions on standard input, line by line, until it ends.
    ///
    /// - Parameter memoryLimit: bytes; allocations beyond twice as much fail, should the batch not notice in time.
    public func run(memoryLimit: Int) {
        var limit = rlimit()
        limit.rlim_cur = rlim_t(2 * memoryLimit)
        limit.rlim_max = limit.rlim_cur
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
        endWithParent()
        while let line = readLine(strippingNewline: true) {
            guard let request: WorkerRequest = decodedLine(line.utf8) else { return }
            let result = answer(request)
            guard write(encodedLine(WorkerResponse(result: result))) else { return }
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    // MARK: one question

    /// What is wrong with a question's files.
    private struct Fault: Error { var message: String }

    func answer(_ request: WorkerRequest) -> QueryResult {
        let start = ContinuousClock.now
        var result: QueryResult
        do {
            result = try decide(request, start: start)
        } catch let fault as Fault {
            result = QueryResult(outcome: .error, reason: fault.message)
        } catch {
            result = QueryResult(outcome: .error, reason: "\(error)")
        }
        result.seconds = seconds(since: start)
        result.memory = residentMemory(of: getpid()) ?? 0
        return result
    }

    private func decide(_ request: WorkerRequest, start: ContinuousClock.Instant) throws -> QueryResult {
        let property: Property
        var content: VNNLIBFile?
        if case .property(_, let path) = request.query.subject {
            content = try VNNLIBReader.readAnyVersion(path: path)
            if case .query(let query)? = content { return try decide(query, request, start: start) }
        }
        let network = try network(request.query.network)
        switch request.query.subject {
        case .property:
            guard case .property(let read)? = content else { preconditionFailure("queries were answered before") }
            property = read
        case .image(let question):
            let image = try image(question)
            guard image.values.count == network.network.inputCount else {
                throw Fault(
                    message: "images of \(image.shape) for a network of \(network.network.inputCount) inputs; "
                        + "use the data that belongs to \(request.query.network)")
            }
            property = try image.property(
                epsilon: ExactDecimal(question.epsilon) ?? .zero, classes: network.network.outputCount,
                target: question.target)
            if let predicted = image.misclassification(by: network) {
                var result = QueryResult(
                    outcome: .misclassified, reason: "class \(predicted) instead of \(image.label)")
                result.predicted = predicted
                result.readSeconds = seconds(since: start)
                return result
            }
        }
        let query: Query
        do {
            query = try Query(network: network, property: property)
        } catch {
            throw Fault(message: "\(error.message); use the property that belongs to \(request.query.network)")
        }
        let readSeconds = seconds(since: start)
        var options = options(request.options, spent: readSeconds)
        let asked = try request.certificate.map {
            try certificate($0, request.query, network.network, property)
        }
        options.recorder = asked?.file?.recorder
        let report = verify(query, options: options)
        var result = QueryResult(report)
        result.readSeconds = readSeconds
        if let objection = asked?.objection { result.warnings.append("no certificate: \(objection)") }
        let witness = request.certificate.map { $0 + ".witness" }
        result.certificate = try asked?.file?.finish(report.verdict, witness: witness)
        return result
    }

    /// Answers a VNN-LIB 2.0 query.
    private func decide(
        _ query: VNNLIBQuery, _ request: WorkerRequest, start: ContinuousClock.Instant
    ) throws -> QueryResult {
        let reference = request.query.network
        let files =
            try NetworkReference.pairs(reference).map(NetworkFiles.parse) ?? NetworkFiles.only(reference, for: query)
        let reduced = try ReducedQuery(query, files: files)
        let readSeconds = seconds(since: start)
        let report = verify(
            reduced, as: try Query(network: reduced.network, property: reduced.property),
            options: options(request.options, spent: readSeconds))
        var result = QueryResult(report)
        if case .violated(let found) = report.verdict { result.witness = reduced.assignment(of: found) }
        result.warnings = query.warnings + result.warnings
        if request.certificate != nil {
            result.warnings.append("no certificate: batches write them for VNN-LIB 1.0 and images")
        }
        result.readSeconds = readSeconds
        return result
    }

    private func options(_ given: QueryOptions, spent: Double) -> VerificationOptions {
        var options = VerificationOptions()
        options.reportsFloat32 = false
        if let timeout = given.timeout { options.timeout = max(0, timeout - spent) }
        options.threads = given.threads
        options.seed = given.seed
        options.maxNodes = given.maxNodes ?? .max
        // The rest is for what lies beside the search: the network, its properties and the program.
        options.memoryLimit = given.memory / 4 * 3
        options.attack = given.attack
        options.givesUp = given.givesUp
        return options
    }

    func network(_ path: String) throws -> PreparedNetwork {
        try networks.value(for: path) { PreparedNetwork(try ONNXReader.read(path: path)) }
    }

    func image(_ question: ImageQuestion) throws -> CenteredImage {
        let dataset = try datasets.value(for: question.dataset) { try question.dataset.open() }
        return try CenteredImage(dataset, index: question.index, normalization: question.normalization)
    }
}

extension QueryResult {
    init(_ counterexample: Counterexample) {
        self.init(outcome: .violated)
        witness = VNNLIBWriter.text(of: counterexample)
    }

    init(_ report: VerificationReport) {
        switch report.verdict {
        case .holds: self.init(outcome: .holds)
        case .violated(let counterexample): self.init(counterexample)
        case .unknown(let reason): self.init(outcome: .unknown, reason: reason)
        case .timeout: self.init(outcome: .timeout)
        }
        attackSeconds = report.attackSeconds
        boundSeconds = report.boundSeconds
        searchSeconds = report.searchSeconds
        nodes = report.nodes
        open = report.open
        worstBound = report.worstBound
        neurons = report.neurons
        unstableNeurons = report.unstableNeurons
        warnings = report.warnings
    }
}

/// The values used last, up to a number of them.
struct RecentValues<Key: Hashable, Value> {
    private var entries: [(key: Key, value: Value)] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func value(for key: Key, make: () throws -> Value) rethrows -> Value {
        if let index = entries.firstIndex(where: { $0.key == key }) {
            let entry = entries.remove(at: index)
            entries.append(entry)
            return entry.value
        }
        let value = try make()
        if entries.count == limit { entries.removeFirst() }
        entries.append((key: key, value: value))
        return value
    }
}

/// Ends this process soon after its parent is gone, whatever it is doing.
private func endWithParent() {
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { _ in
            let parent = getppid()
            while getppid() == parent { usleep(200_000) }
            _exit(0)
        }, nil)
    if status == 0 { pthread_detach(thread) }
}
