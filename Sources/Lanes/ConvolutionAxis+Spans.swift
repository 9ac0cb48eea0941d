// Both directions of a convolution as one gather: which kernel positions reach a result coordinate, and where their
// sources are.
//
// Forward, output o gathers input `o * stride - padding + k * dilation` for all k that stay inside; sources are
// `dilation` apart. Backward, input i gathers output o from every k with `o * stride = i + padding - k * dilation`.
// Only the k of one residue class, `k * dilation = i + padding` modulo the stride, divide evenly; stored class by
// class with k falling, each class is contiguous and its outputs rise by `dilation / gcd(dilation, stride)`. So the
// backward pass never looks at a kernel position in vain, whatever the stride.

internal import CLaneKernels

extension ConvolutionAxis {
    /// How far apart the sources of neighbouring kernel positions are.
    var forwardStep: Int { dilation }
    var backwardStep: Int { dilation / greatestCommonDivisor(dilation, stride) }

    /// Kernel positions in the order the backward direction stores them.
    var backwardOrder: [Int] {
        (0..<kernel).sorted { a, b in
            let (left, right) = (a * dilation % stride, b * dilation % stride)
            return left == right ? a > b : left < right
        }
    }

    /// Of every output in `outputs`, the kernel positions that meet the part `inputs` of the input.
    func forwardSpans(of outputs: Range<Int>, within inputs: Range<Int>) -> [lane_span] {
        outputs.map { output in
            let origin = output * stride - paddingBefore
            return span { position in
                let source = origin + position * dilation
                return inputs.contains(source) ? source - inputs.lowerBound : nil
            }
        }
    }

    /// Of every input in `inputs`, the places in `backwardOrder` that meet the part `outputs` of the output.
    func backwardSpans(of inputs: Range<Int>, within outputs: Range<Int>) -> [lane_span] {
        let order = backwardOrder
        return inputs.map { input in
            span { place in
                let reach = input + paddingBefore - order[place] * dilation
                guard reach >= 0 && reach % stride == 0 && outputs.contains(reach / stride) else {
                    return nil
                }
                return reach / stride - outputs.lowerBound
            }
        }
    }

    /// The kernel positions that have a source; they follow one another.
    private func span(source: (_ position: Int) -> Int?) -> lane_span {
        var result = lane_span(kernel: 0, count: 0, source: 0)
        for position in 0..<kernel {
            guard let source = source(position) else { continue }
            if result.count == 0 {
                result.kernel = Int32(position)
                result.source = Int32(source)
            }
            result.count += 1
        }
        return result
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
