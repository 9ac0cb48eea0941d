import RandomNumbers

/// The text's bytes after one to four changes: bytes replaced, by some of the alphabet more often than by others,
/// inserted and removed, and runs of bytes repeated elsewhere.
func mutated(_ text: String, alphabet: [UInt8], using generator: inout SplitMix64) -> [UInt8] {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[place] = alphabet.randomElement(using: &generator)!
        case 1: bytes.insert(alphabet.randomElement(using: &generator)!, at: place)
        case 2: bytes.remove(at: place)
        case 3:
            let end = min(bytes.count, place + Int.random(in: 1...30, using: &generator))
            bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        default: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        }
    }
    return bytes
}
