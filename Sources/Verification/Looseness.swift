// How far bounds alone come, so that networks can be compared by how easy they are to bound, whatever a search does.

import BoundPropagation
import BranchAndBound
import Evaluation
import Properties

/// What plain bounds say about a query.
public struct Looseness: Sendable {
    /// The lowest bound of a disjunct's margin before anything is split. Above zero: the bounds alone prove it.
    public var rootBound: Double
    /// By layer with an activation, in the network's order.
    public var neurons: [Int]
    /// How many of them can have either sign.
    public var unstable: [Int]
}

/// Bounds every neuron by back-substitution, and the margins with optimised slopes.
///
/// - Soundness: `rootBound` is a lower bound of the margins, and neurons that are not counted as unstable have one sign
///   all over the region.
/// - Returns: nil when the property has several regions or nothing to bound, or the bounds are not finite.
public func looseness(of query: Query) -> Looseness? {
    let property = query.property
    guard property.regions.count == 1, !property.disjuncts.isEmpty,
        property.disjuncts.allSatisfy({ !$0.constraints.isEmpty })
    else { return nil }
    let model = query.prepared.model
    let layout = model.plan.inputLayout
    let region = RegionBounder(
        model: model, lower: layout.permuted(property.regions[0].outwardLower),
        upper: layout.permuted(property.regions[0].outwardUpper), options: BoundingOptions())
    let problem = SearchProblem(
        region: region,
        disjuncts: property.disjuncts.map { $0.constraints.map { Objective($0, plan: model.plan) } },
        confirm: { _, _ in false })
    guard let least = problem.rootBounds().min(), least.isFinite else { return nil }
    var unstable: [Int: Set<Int>] = [:]
    for neuron in region.unstableNeurons { unstable[neuron.node, default: []].insert(neuron.feature) }
    let layers = model.plan.activations
    return Looseness(
        rootBound: least, neurons: layers.map { model.plan.layouts[$0].count },
        unstable: layers.map { unstable[$0]?.count ?? 0 })
}
