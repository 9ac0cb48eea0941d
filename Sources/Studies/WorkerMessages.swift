// What a batch and its workers say to each other: one JSON object per line.

internal import Foundation

/// A question to a worker.
struct WorkerRequest: Codable {
    var query: StudyQuery
    var options: QueryOptions
    /// Where the proof is to be written.
    var certificate: String?
}

/// A worker's answer; the first line that it writes, before any question, is a greeting.
struct WorkerResponse: Codable {
    var result: QueryResult
}

func encodedLine(_ message: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // Messages hold nothing that JSON cannot say.
    return Array(try! encoder.encode(message)) + [UInt8(ascii: "\n")]
}

func decodedLine<Message: Decodable>(_ line: some Collection<UInt8>) -> Message? {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try? decoder.decode(Message.self, from: Data(line))
}
