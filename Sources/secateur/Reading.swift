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

/// Reads the property, or says in one line what is wrong with it.
func readProperty(_ path: String) throws(InputFault) -> Property {
    do {
        return try VNNLIBReader.read(path: path)
    } catch {
        throw InputFault(error.description)
    }
}

/// Reads both and sees that they belong together.
func readQuery(network networkPath: String, property propertyPath: String) throws(InputFault) -> Query {
    let network = try readNetwork(networkPath)
    let property = try readProperty(propertyPath)
    do {
        return try Query(network: network, property: property)
    } catch {
        throw InputFault("\(propertyPath): \(error.message); use the property that belongs to \(networkPath)")
    }
}
