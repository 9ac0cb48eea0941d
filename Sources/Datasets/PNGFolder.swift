// A folder of PNG images, one subfolder per class; labels number the subfolders in the order of their names.

internal import CPNG
internal import Files

struct PNGFolder: ExampleSource {
    let shape: ExampleShape
    let classNames: [String]
    let isPixels = true
    private let images: [(path: String, label: Int)]

    var count: Int { images.count }

    init(_ path: String) throws(DatasetError) {
        classNames = try entries(of: path, .directories)
        var images: [(path: String, label: Int)] = []
        for (label, name) in classNames.enumerated() {
            for file in try entries(of: "\(path)/\(name)", .files) where file.lowercased().hasSuffix(".png") {
                images.append((path: "\(path)/\(name)/\(file)", label: label))
            }
        }
        guard let first = images.first else {
            throw DatasetError(
                path: path, problem: "no PNG images in its subfolders",
                remedy: "keep the images of each class in a subfolder of its own")
        }
        self.images = images
        shape = try decodePNG(first.path).shape
    }

    func examples(_ range: Range<Int>) throws(DatasetError) -> Examples {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(range.count * shape.count)
        for image in images[range] {
            let decoded = try decodePNG(image.path)
            guard decoded.shape == shape else {
                throw DatasetError(
                    path: image.path,
                    problem: "an image of \(decoded.shape) among images of \(shape) (channels x rows x columns)",
                    remedy: "bring all images to one size and kind")
            }
            pixels += decoded.pixels
        }
        return Examples(shape: shape, storage: .bytes(pixels), labels: images[range].map(\.label))
    }
}

/// The pixels of a gray or coloured image, channel by channel.
///
/// - Throws: also for images with transparency and for 16 bits per channel, of which eight would be lost.
func decodePNG(_ path: String) throws(DatasetError) -> (shape: ExampleShape, pixels: [UInt8]) {
    let file: [UInt8]
    do { file = try readFile(path, limit: 1 << 28) } catch { throw DatasetError(error) }
    var image = png_shim_start()
    defer { png_image_free(&image) }
    func fail(_ problem: String, _ remedy: String) -> DatasetError {
        DatasetError(path: path, problem: problem, remedy: remedy)
    }
    return try file.withUnsafeBufferPointer { bytes throws(DatasetError) -> (shape: ExampleShape, pixels: [UInt8]) in
        guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
            throw fail("no PNG image (\(String(cString: png_shim_message(&image))))", "write it again")
        }
        guard png_shim_has_alpha(&image) == 0 else {
            throw fail("the image has transparency", "flatten it, for example with `convert -flatten`")
        }
        guard png_shim_is_deep(&image) == 0 else {
            throw fail("the image has 16 bits per channel", "convert it to 8 bits, or keep it as NPY")
        }
        let channels = png_shim_has_color(&image) != 0 ? 3 : 1
        if channels == 3 { png_shim_want_color(&image) } else { png_shim_want_gray(&image) }
        let shape = ExampleShape(channels: channels, height: Int(image.height), width: Int(image.width))
        guard shape.count <= 1 << 28 else { throw fail("an image of \(shape)", "scale it down") }
        var interleaved = [UInt8](repeating: 0, count: shape.count)
        guard png_image_finish_read(&image, nil, &interleaved, 0, nil) != 0 else {
            throw fail("a damaged PNG image (\(String(cString: png_shim_message(&image))))", "write it again")
        }
        guard channels == 3 else { return (shape, interleaved) }
        let area = shape.height * shape.width
        let planes = (0..<shape.count).map { interleaved[$0 % area * 3 + $0 / area] }
        return (shape, planes)
    }
}
