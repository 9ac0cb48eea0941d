import Foundation
import Testing

@testable import Datasets

/// What each format holds, read back value by value.
struct FormatTests {
    @Test func idx() throws {
        let files = try DatasetFiles()
        try files.write(DatasetsTests.idx([3, 2, 2], Array(0..<12)), as: "t10k-images-idx3-ubyte")
        try files.write(DatasetsTests.idx([3], [7, 0, 9]), as: "t10k-labels-idx1-ubyte")
        let dataset = try files.open()
        #expect(dataset.count == 3)
        #expect(dataset.shape == ExampleShape(channels: 1, height: 2, width: 2))
        #expect(dataset.dataRange == 0...1)
        let examples = try dataset.examples(1..<3)
        #expect(examples.labels == [0, 9])
        #expect(examples.values(at: 1) == [8, 9, 10, 11].map { Float($0) / 255 })
        #expect(try files.open("t10k-images-idx3-ubyte").examples().count == 3)
    }

    @Test func cifar() throws {
        let files = try DatasetFiles()
        let record: (UInt8, UInt8) -> [UInt8] = { label, start in
            [label] + (0..<3072).map { start &+ UInt8(truncatingIfNeeded: $0 / 1024) }
        }
        try files.write(record(3, 10) + record(9, 20), as: "data_batch_1.bin")
        try files.write(record(0, 30), as: "data_batch_2.bin")
        let dataset = try files.open("", .init(split: .train))
        #expect(dataset.count == 3)
        #expect(dataset.className(3) == "cat")
        let examples = try dataset.examples(1..<3)
        #expect(examples.labels == [9, 0])
        let values = examples.values(at: 0)
        #expect(values[0] == Float(20) / 255 && values[1024] == Float(21) / 255 && values[3071] == Float(22) / 255)
        #expect(examples.values(at: 1)[0] == Float(30) / 255)
    }

    @Test func fineLabelsOfAHundredClasses() throws {
        let files = try DatasetFiles()
        try files.write([4, 77] + [UInt8](repeating: 5, count: 3072), as: "test.bin")
        let examples = try files.open().examples()
        #expect(examples.labels == [77])
        #expect(examples.values(at: 0).allSatisfy { $0 == Float(5) / 255 })
    }

    @Test func npyChannelsFirstAndLast() throws {
        let files = try DatasetFiles()
        try files.write(npy("|u1", [2, 2, 2, 3], Array(0..<24)), as: "images.npy")
        try files.write(npy("<i8", [2], [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]), as: "labels.npy")
        let last = try files.open()
        #expect(last.shape == ExampleShape(channels: 3, height: 2, width: 2))
        let examples = try last.examples(1..<2)
        #expect(examples.labels == [2])
        #expect(
            examples.values(at: 0) == [12, 15, 18, 21, 13, 16, 19, 22, 14, 17, 20, 23].map { Float($0) / 255 })
        try files.write(npy("|u1", [2, 3, 2, 2], Array(0..<24)), as: "images.npy")
        #expect(try files.open().examples(1..<2).values(at: 0) == (12..<24).map { Float($0) / 255 })
    }

    @Test(arguments: [("<f4", 4), ("<f8", 8)])
    func npyOfFloats(type: String, size: Int) throws {
        let numbers = [-1.5, 0.1, 3, 1e-3]
        let bytes = numbers.flatMap { number in
            size == 4
                ? withUnsafeBytes(of: Float(number).bitPattern.littleEndian) { Array($0) }
                : withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
        }
        let files = try DatasetFiles()
        try files.write(npy(type, [2, 2], bytes), as: "points_images.npy")
        try files.write(npy("|u1", [2], [1, 0]), as: "points_labels.npy")
        let dataset = try files.open("points_images.npy")
        #expect(dataset.dataRange == nil)
        #expect(try dataset.examples().values(0..<2) == numbers.map { Float($0) })
    }

    @Test func foldersOfImages() throws {
        let files = try DatasetFiles()
        try files.write(png(width: 2, height: 1, colorType: 2, [1, 2, 3, 4, 5, 6]), as: "test/dog/a.png")
        try files.write(png(width: 2, height: 1, colorType: 2, [7, 8, 9, 10, 11, 12]), as: "test/cat/b.PNG")
        try files.write("notes", as: "test/cat/readme.txt")
        let dataset = try files.open()
        #expect(dataset.classNames == ["cat", "dog"])
        #expect(dataset.shape == ExampleShape(channels: 3, height: 1, width: 2))
        let examples = try dataset.examples()
        #expect(examples.labels == [0, 1])
        #expect(examples.values(at: 0) == [7, 10, 8, 11, 9, 12].map { Float($0) / 255 })
        let gray = try files.write(png(width: 3, height: 1, colorType: 0, [0, 128, 255]), as: "gray.png")
        #expect(try decodePNG(gray).pixels == [0, 128, 255])
    }

    @Test func rowsOfText() throws {
        let files = try DatasetFiles()
        try files.write("a,b,class\n0.5,-1e-2,1\r\n 2 ,\"3\",0\n\n", as: "rows.csv")
        let numbers = try files.open("rows.csv").examples()
        #expect(numbers.labels == [1, 0])
        #expect(numbers.values(0..<2) == [0.5, -0.01, 2, 3])
        try files.write("5,0,255,1,2\n", as: "pixels.csv")
        let shape = ExampleShape(channels: 1, height: 2, width: 2)
        let pixels = try files.open("pixels.csv", .init(shape: shape))
        #expect(pixels.dataRange == 0...1 && pixels.shape == shape)
        #expect(try pixels.examples().values(at: 0) == [0, 1, Float(1) / 255, Float(2) / 255])
    }
}

/// Datasets beside the project; skipped where there are none.
private let data = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/data").path

@Suite(.enabled(if: FileManager.default.fileExists(atPath: data), "no datasets beside the project"))
struct RealDatasetTests {
    @Test func mnist() throws {
        let test = try Dataset(opening: "\(data)/mnist")
        #expect(test.count == 10_000 && test.shape == ExampleShape(channels: 1, height: 28, width: 28))
        #expect(try test.examples(0..<10).labels == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
        #expect(try Dataset(opening: "\(data)/mnist", options: .init(split: .train)).count == 60_000)
    }

    @Test func cifar() throws {
        let dataset = try Dataset(opening: "\(data)/cifar10/test_exact100_eran.bin")
        #expect(dataset.count == 100)
        #expect(
            try dataset.examples(0..<5).labels.map(dataset.className) == ["cat", "ship", "ship", "airplane", "frog"])
    }
}
