internal import Networks

// Convolution and pooling read windows of an image. Here a window is the list of feature indices it reads, -1
// where it lies in the padding, so that every evaluator gathers a window once and works on contiguous
// numbers: a convolution becomes, at each position, a matrix (output channels by window) times a vector.

/// The geometry that convolution and pooling share.
struct WindowGeometry {
    var inputHeight: Int
    var inputWidth: Int
    var kernelHeight: Int
    var kernelWidth: Int
    var strideHeight: Int
    var strideWidth: Int
    var dilationHeight: Int
    var dilationWidth: Int
    var paddingTop: Int
    var paddingLeft: Int
    var outputHeight: Int
    var outputWidth: Int

    var positionCount: Int { outputHeight * outputWidth }

    /// The features that the window at an output position reads, for the channels in turn, row by row.
    func fill(_ places: inout [Int32], position: Int, channels: Range<Int>) {
        let top = position / outputWidth * strideHeight - paddingTop
        let left = position % outputWidth * strideWidth - paddingLeft
        var next = 0
        for channel in channels {
            for kernelRow in 0..<kernelHeight {
                let row = top + kernelRow * dilationHeight
                let isRowInside = row >= 0 && row < inputHeight
                let start = (channel * inputHeight + row) * inputWidth
                for kernelColumn in 0..<kernelWidth {
                    let column = left + kernelColumn * dilationWidth
                    let isInside = isRowInside && column >= 0 && column < inputWidth
                    places[next] = isInside ? Int32(start + column) : -1
                    next += 1
                }
            }
        }
    }
}

extension Convolution {
    var windows: WindowGeometry {
        WindowGeometry(
            inputHeight: inputHeight, inputWidth: inputWidth, kernelHeight: kernelHeight,
            kernelWidth: kernelWidth,
            strideHeight: strideHeight, strideWidth: strideWidth, dilationHeight: dilationHeight,
            dilationWidth: dilationWidth, paddingTop: paddingTop, paddingLeft: paddingLeft,
            outputHeight: outputHeight, outputWidth: outputWidth)
    }

    /// Weights per output channel.
    var windowCount: Int { inputChannels / groups * kernelHeight * kernelWidth }

    /// Visits each output position of each group: the window's places, the group's output channels, the
    /// position.
    func forEachWindow(_ body: (_ places: [Int32], _ outputs: Range<Int>, _ position: Int) -> Void) {
        let windows = windows
        let inputs = inputChannels / groups
        let outputs = outputChannels / groups
        var places = [Int32](repeating: -1, count: windowCount)
        for group in 0..<groups {
            for position in 0..<windows.positionCount {
                windows.fill(&places, position: position, channels: group * inputs..<(group + 1) * inputs)
                body(places, group * outputs..<(group + 1) * outputs, position)
            }
        }
    }
}

extension Pooling {
    var windows: WindowGeometry {
        WindowGeometry(
            inputHeight: inputHeight, inputWidth: inputWidth, kernelHeight: kernelHeight,
            kernelWidth: kernelWidth,
            strideHeight: strideHeight, strideWidth: strideWidth, dilationHeight: dilationHeight,
            dilationWidth: dilationWidth, paddingTop: paddingTop, paddingLeft: paddingLeft,
            outputHeight: outputHeight, outputWidth: outputWidth)
    }

    /// One value per output feature from the places of its window, padding left out.
    ///
    /// - Precondition: every window reads at least one feature.
    func mapWindows<Value>(_ body: (_ places: [Int32]) -> Value) -> [Value] {
        let windows = windows
        var places = [Int32](repeating: -1, count: kernelHeight * kernelWidth)
        var result: [Value] = []
        result.reserveCapacity(channels * windows.positionCount)
        for channel in 0..<channels {
            for position in 0..<windows.positionCount {
                windows.fill(&places, position: position, channels: channel..<channel + 1)
                result.append(body(places.filter { $0 >= 0 }))
            }
        }
        return result
    }
}
