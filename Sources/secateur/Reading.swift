import Networks
import ONNXFormat
import Properties
import VNNLIBFormat
import Verification

/// Reads the network, or says in one line what is wrong with it.
func readNetwork(_ path: String) throws(InputFault) -> Network {
    do {
        return try ONNXReader.read(path: path)
    } catch {
        throw InputFault(error.description)
    }
}

/// What the network's file says of itself.
func readSummary(_ path: String) throws(InputFault) -> ONNXSummary {
    do {
        return try ONNXReader.summary(path: path)
    } catch {
        throw InputFault(error.description)
    }
}

/// Reads a property of version 1.0, or says in one line what is wrong with it.
func readProperty(_ path: String) throws(InputFault) -> Property {
    do {
        return try VNNLIBReader.read(path: path)
    } catch {
        throw InputFault(error.description)
    }
}
