// Which format a path holds is told by its name, and by what lies beside it.

extension Dataset {
    /// What the path alone does not tell.
    public struct Options: Sendable {
        /// The file of the labels, where they are apart and not found by name.
        public var labels: String?
        /// Which part of a directory with several: `train` or `test`.
        public var split: Split
        /// The shape of an example, for CSV.
        public var shape: ExampleShape?

        public enum Split: String, Sendable, CaseIterable { case train, test }

        public init(labels: String? = nil, split: Split = .test, shape: ExampleShape? = nil) {
            self.labels = labels
            self.split = split
            self.shape = shape
        }
    }

    /// Opens a file or a directory:
    ///
    /// | path | format |
    /// |---|---|
    /// | directory with `t10k-images-idx3-ubyte` or `train-...` | IDX (MNIST), gzipped or not |
    /// | directory with `test_batch.bin`, `data_batch_N.bin` | CIFAR-10 |
    /// | directory with `test.bin`, `train.bin` | CIFAR-100, fine labels |
    /// | directory with `images.npy`, `labels.npy`, or `test_images.npy` and so on | NPY |
    /// | any other directory | PNG images, one subfolder per class; in a subfolder `test` or `train` if there is one |
    /// | `*.npy` | NPY, with the labels at `options.labels` or at the name with `images` turned into `labels` |
    /// | `*.bin` | CIFAR-10 or CIFAR-100 by the size of the records |
    /// | `*.csv` | one example per row |
    /// | any other file | IDX |
    /// | `digits`, `digits:COUNT` | drawn by the program itself |
    ///
    /// - Throws: when nothing is found, or the files are damaged or do not belong together.
    public init(opening path: String, options: Options = Options()) throws(DatasetError) {
        if let digits = try Self.digits(path: path, split: options.split) {
            self = digits
            return
        }
        let source: any ExampleSource =
            isDirectory(path)
            ? try Self.directory(path, options: options) : try Self.file(path, options: options)
        self.init(path: path, source: source)
    }

    private static func file(_ path: String, options: Options) throws(DatasetError) -> any ExampleSource {
        let name = path.hasSuffix(".gz") ? path.dropLast(3).lowercased() : path.lowercased()
        if name.hasSuffix(".csv") { return try CSVSource(path, shape: options.shape) }
        if name.hasSuffix(".bin") {
            let isTen = try RecordFile(path).size.isMultiple(of: 3073)
            return try CIFARSource(
                files: [path], labelBytes: isTen ? 1 : 2, classNames: isTen ? CIFARSource.tenClasses : [])
        }
        if name.hasSuffix(".npy") {
            guard let labels = options.labels ?? IDXSource.labelsPath(for: path) else {
                throw DatasetError(
                    path: path, problem: "the labels cannot be found by this name",
                    remedy: "name their file with --labels")
            }
            return try NPYSource(images: path, labels: labels)
        }
        return try IDXSource(images: path, labels: options.labels)
    }

    private static func directory(_ path: String, options: Options) throws(DatasetError) -> any ExampleSource {
        let split = options.split.rawValue
        let idx = "\(path)/\(options.split == .test ? "t10k" : "train")-images-idx3-ubyte"
        if exists(idx) || exists(idx + ".gz") { return try IDXSource(images: idx, labels: options.labels) }

        let batches = try entries(of: path, .files).filter {
            options.split == .test ? $0 == "test_batch.bin" : $0.hasPrefix("data_batch_") && $0.hasSuffix(".bin")
        }
        if !batches.isEmpty {
            return try CIFARSource(
                files: batches.map { "\(path)/\($0)" }, labelBytes: 1, classNames: CIFARSource.tenClasses)
        }
        if exists("\(path)/\(split).bin") {
            let names = exists("\(path)/fine_label_names.txt") ? try lines("\(path)/fine_label_names.txt") : []
            return try CIFARSource(files: ["\(path)/\(split).bin"], labelBytes: 2, classNames: names)
        }
        for prefix in ["\(split)_", "\(split)-", ""] {
            let images = "\(path)/\(prefix)images.npy"
            guard exists(images) || exists(images + ".gz") else { continue }
            return try NPYSource(images: images, labels: options.labels ?? "\(path)/\(prefix)labels.npy")
        }
        return try PNGFolder(isDirectory("\(path)/\(split)") ? "\(path)/\(split)" : path)
    }

    private static func lines(_ path: String) throws(DatasetError) -> [String] {
        let file = try RecordFile(path)
        return String(decoding: try file.read(0..<file.size), as: UTF8.self).split(whereSeparator: \.isNewline)
            .map(String.init)
    }
}
