import Foundation
import Testing

@testable import Datasets

/// What is wrong is said with its place.
struct RefusalTests {
    @Test func idx() throws {
        let files = try DatasetFiles()
        let labels = DatasetsTests.idx([2], [1, 2])
        func refusal(_ images: [UInt8], _ labels: [UInt8]) throws -> String {
            try files.write(images, as: "x-images-idx3-ubyte")
            try files.write(labels, as: "x-labels-idx1-ubyte")
            return try #require(try files.refusal("x-images-idx3-ubyte"))
        }
        let images = DatasetsTests.idx([2, 1, 2], [1, 2, 3, 4])
        #expect(try refusal(Array(images.dropLast()), labels).contains("byte 19: 3 bytes of values where 2x1x2"))
        #expect(try refusal(images + [1], labels).contains("byte 20: 5 bytes of values"))
        #expect(try refusal([1] + images, labels).contains("byte 0: no IDX file"))
        #expect(
            try refusal(DatasetsTests.idx([2, 1, 2], [], type: 0xd), labels).contains(
                "byte 2: its values have type 0xd"))
        #expect(try refusal(Array(images.prefix(9)), labels).contains("byte 9: the file ends here"))
        #expect(try refusal(images, images).contains("byte 3: it has 3 dimensions where 1 are expected"))
        #expect(try refusal(images, DatasetsTests.idx([3], [1, 2, 3])).contains("3 labels for the 2 images"))
        let huge = DatasetsTests.idx([1 << 31, 1 << 31, 1 << 31], [])
        #expect(try refusal(huge, labels).contains("the dimensions are"))
    }

    @Test func otherFormats() throws {
        let files = try DatasetFiles()
        try files.write([UInt8](repeating: 1, count: 3073 * 2 - 1), as: "a.bin")
        #expect(
            try #require(try files.refusal("a.bin")).contains("byte 3074: 6145 bytes are no whole number of records"))
        try files.write([10] + [UInt8](repeating: 1, count: 3072), as: "b.bin")
        #expect(try #require(try files.refusal("b.bin")).contains("byte 0: the label 10 is not one of the 10"))

        try files.write(npy("|u1", [2], [0, 1]), as: "labels.npy")
        try files.write(npy("<f4", [2, 1], [0, 0, 128, 63, 0, 0, 192, 127]), as: "images.npy")
        #expect(try #require(try files.refusal("images.npy")).contains("byte 132: the value is nan"))
        try files.write(npy("<f4", [2, 1], [0, 0, 128, 63]), as: "images.npy")
        #expect(try #require(try files.refusal("images.npy")).contains("4 bytes of values where the shape"))
        try files.write(npy("<c8", [2, 1], []), as: "images.npy")
        #expect(try #require(try files.refusal("images.npy")).contains("type <c8"))
        try files.write(npy("|u1", [2, 1], [1, 2], order: "True"), as: "images.npy")
        #expect(try #require(try files.refusal("images.npy")).contains("column-major"))

        try files.write("1,2,3\n1,2\n", as: "a.csv")
        #expect(try #require(try files.refusal("a.csv")).contains("line 2: 2 columns where 3"))
        try files.write("1,2,3\n\n1,2,x\n", as: "b.csv")
        #expect(try #require(try files.refusal("b.csv")).contains("line 3: column 3, 'x', is no finite number"))
        try files.write("0.5,2\n", as: "c.csv")
        #expect(try #require(try files.refusal("c.csv")).contains("line 1: the label is '0.5'"))
        #expect(try #require(try files.refusal("missing")).contains("no such file"))
    }

    @Test func images() throws {
        let files = try DatasetFiles()
        #expect(try #require(try files.refusal()).contains("no PNG images in its subfolders"))
        let gray = png(width: 2, height: 1, colorType: 0, [1, 2])
        try files.write(gray, as: "a/1.png")
        try files.write(png(width: 1, height: 2, colorType: 0, [1, 2]), as: "a/2.png")
        #expect(try #require(try files.refusal()).contains("a/2.png: an image of 1x2x1 among images of 1x1x2"))
        try files.write(png(width: 1, height: 1, colorType: 6, [1, 2, 3, 4]), as: "a/2.png")
        #expect(try #require(try files.refusal()).contains("a/2.png: the image has transparency"))
        try files.write(png(width: 1, height: 1, colorType: 0, depth: 16, [1, 2]), as: "a/2.png")
        #expect(try #require(try files.refusal()).contains("a/2.png: the image has 16 bits"))
        try files.write(Array(gray.prefix(50)), as: "a/2.png")
        #expect(try #require(try files.refusal()).contains("a/2.png: a damaged PNG image"))
        try files.write("no image", as: "a/2.png")
        #expect(try #require(try files.refusal()).contains("a/2.png: no PNG image"))
    }

    /// Every prefix and every changed byte of small files is read or refused, never a crash.
    @Test func damagedBytes() throws {
        let files = try DatasetFiles()
        let samples: [(String, [UInt8])] = [
            ("x-images-idx3-ubyte", DatasetsTests.idx([2, 1, 2], [1, 2, 3, 4])),
            ("images.npy", npy("|u1", [2, 2], [1, 2, 3, 4])),
            ("a.csv", Array("label,x\n1,0.5\n0,-2\n".utf8)),
            ("p/c/1.png", png(width: 2, height: 1, colorType: 0, [1, 2])),
        ]
        try files.write(DatasetsTests.idx([2], [1, 2]), as: "x-labels-idx1-ubyte")
        try files.write(npy("|u1", [2], [0, 1]), as: "labels.npy")
        var refused = 0
        for (name, bytes) in samples {
            let opened = name.hasPrefix("p/") ? "p" : name
            for length in 0..<bytes.count {
                try files.write(Array(bytes.prefix(length)), as: name)
                if try files.refusal(opened) != nil { refused += 1 }
                for value: UInt8 in [0, 255, bytes[length] ^ 1] {
                    var changed = bytes
                    changed[length] = value
                    try files.write(changed, as: name)
                    _ = try files.refusal(opened)
                }
            }
        }
        #expect(refused > 150)
    }
}
