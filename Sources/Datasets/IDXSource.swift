// IDX, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist): two zero bytes, a type, a number of
// dimensions, each dimension as a big-endian 32-bit number, then the values. Images and labels lie in two files.

/// `images-idx3-ubyte` with `labels-idx1-ubyte`, gzipped or not.
struct IDXSource: ExampleSource {
    private let images: RecordFile
    private let labels: [UInt8]
    let shape: ExampleShape
    let count: Int
    let classNames: [String] = []
    let isPixels = true
    private let start: Int

    /// - Parameter labelsPath: nil for the name of the images with `images-idx3` turned into `labels-idx1`.
    init(images path: String, labels labelsPath: String?) throws(DatasetError) {
        images = try RecordFile(path)
        let dimensions = try Self.dimensions(of: images, [3, 4])
        count = dimensions[0]
        shape =
            dimensions.count == 3
            ? ExampleShape(channels: 1, height: dimensions[1], width: dimensions[2])
            : ExampleShape(channels: dimensions[1], height: dimensions[2], width: dimensions[3])
        start = 4 + 4 * dimensions.count
        try Self.check(images, start: start, dimensions)

        guard let labelsPath = labelsPath ?? Self.labelsPath(for: path) else {
            throw DatasetError(
                path: path, problem: "the labels cannot be found by this name", remedy: "name their file with --labels")
        }
        let file = try RecordFile(labelsPath)
        let labelDimensions = try Self.dimensions(of: file, [1])
        guard labelDimensions[0] == count else {
            throw DatasetError(
                path: labelsPath, position: .byte(4),
                problem: "there are \(labelDimensions[0]) labels for the \(count) images of \(path)",
                remedy: "name the labels that belong to the images")
        }
        try Self.check(file, start: 8, labelDimensions)
        labels = try file.read(8..<8 + count)
    }

    func examples(_ range: Range<Int>) throws(DatasetError) -> Examples {
        let bytes = try images.read(start + range.lowerBound * shape.count..<start + range.upperBound * shape.count)
        return Examples(shape: shape, storage: .bytes(bytes), labels: labels[range].map { Int($0) })
    }

    static func labelsPath(for path: String) -> String? {
        guard let name = path.lastRange(of: "images") else { return nil }
        var labels = path
        labels.replaceSubrange(name, with: "labels")
        if let rank = labels.lastRange(of: "idx3") { labels.replaceSubrange(rank, with: "idx1") }
        return labels
    }

    /// Reads the header of a file of unsigned bytes with one of the ranks.
    private static func dimensions(of file: RecordFile, _ ranks: [Int]) throws(DatasetError) -> [Int] {
        let magic = try file.read(0..<4)
        guard magic[0] == 0, magic[1] == 0 else {
            throw DatasetError(
                path: file.path, position: .byte(0), problem: "no IDX file: its first two bytes are not zero",
                remedy: "name an IDX file")
        }
        guard magic[2] == 8 else {
            throw DatasetError(
                path: file.path, position: .byte(2),
                problem: "its values have type 0x" + String(magic[2], radix: 16)
                    + ", only unsigned bytes (0x8) are read",
                remedy: "store pixels and labels as unsigned bytes, or as NPY")
        }
        guard ranks.contains(Int(magic[3])) else {
            throw DatasetError(
                path: file.path, position: .byte(3),
                problem: "it has \(magic[3]) dimensions where "
                    + ranks.map(String.init).joined(separator: " or ") + " are expected",
                remedy: ranks == [1] ? "name a file of labels" : "name a file of images")
        }
        let header = try file.read(4..<4 + 4 * Int(magic[3]))
        return (0..<Int(magic[3])).map { index in
            header[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) }
        }
    }

    private static func check(_ file: RecordFile, start: Int, _ dimensions: [Int]) throws(DatasetError) {
        let counts = dimensions.map(String.init).joined(separator: "x")
        var size = 1
        for (index, dimension) in dimensions.enumerated() {
            let (product, overflows) = size.multipliedReportingOverflow(by: dimension)
            guard dimension > 0, !overflows else {
                throw DatasetError(
                    path: file.path, position: .byte(4 + 4 * index), problem: "the dimensions are \(counts)",
                    remedy: "write the file again")
            }
            size = product
        }
        guard file.size - start == size else {
            throw DatasetError(
                path: file.path, position: .byte(min(file.size, start + min(size, file.size))),
                problem: "\(file.size - start) bytes of values where \(counts) are announced",
                remedy: "fetch or write the file again")
        }
    }
}

extension String {
    /// Where the text occurs last.
    func lastRange(of text: String) -> Range<String.Index>? {
        precondition(!text.isEmpty)
        var start = endIndex
        while start > startIndex {
            formIndex(before: &start)
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
        }
        return nil
    }
}
