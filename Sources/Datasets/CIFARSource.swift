// The binary version of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html): records of one or two
// label bytes and 3072 pixels, red, green and blue plane, each row by row.

/// One or more files of records, one after the other.
struct CIFARSource: ExampleSource {
    let shape = ExampleShape(channels: 3, height: 32, width: 32)
    let count: Int
    let classNames: [String]
    let isPixels = true
    private let files: [RecordFile]
    /// One label byte, or a coarse and a fine one.
    private let labelBytes: Int
    private let classes: Int

    init(files paths: [String], labelBytes: Int, classNames: [String]) throws(DatasetError) {
        self.labelBytes = labelBytes
        self.classNames = classNames
        classes = labelBytes == 1 ? 10 : 100
        var files: [RecordFile] = []
        let record = labelBytes + 3072
        for path in paths {
            let file = try RecordFile(path)
            guard file.size > 0, file.size.isMultiple(of: record) else {
                throw DatasetError(
                    path: path, position: .byte(file.size / record * record),
                    problem: "\(file.size) bytes are no whole number of records of \(record)",
                    remedy: "name a file of the binary version of CIFAR-\(classes), or fetch it again")
            }
            files.append(file)
        }
        self.files = files
        count = files.reduce(0) { $0 + $1.size / record }
    }

    func examples(_ range: Range<Int>) throws(DatasetError) -> Examples {
        let record = labelBytes + shape.count
        var pixels: [UInt8] = []
        var labels: [Int] = []
        pixels.reserveCapacity(range.count * shape.count)
        var first = 0
        for file in files {
            let records = first..<first + file.size / record
            first = records.upperBound
            let part = range.clamped(to: records)
            guard !part.isEmpty else { continue }
            let start = part.lowerBound - records.lowerBound
            let bytes = try file.read(start * record..<(start + part.count) * record)
            for index in 0..<part.count {
                let label = Int(bytes[index * record + labelBytes - 1])
                guard label < classes else {
                    throw DatasetError(
                        path: file.path, position: .byte((start + index) * record + labelBytes - 1),
                        problem: "the label \(label) is not one of the \(classes) classes",
                        remedy: "name a file of the binary version of CIFAR-\(classes)")
                }
                labels.append(label)
                pixels += bytes[index * record + labelBytes..<(index + 1) * record]
            }
        }
        return Examples(shape: shape, storage: .bytes(pixels), labels: labels)
    }

    static let tenClasses = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]
}
