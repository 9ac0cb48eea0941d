import Foundation
import Testing

@testable import Studies

struct InstanceListTests {
    @Test func competitionList() throws {
        let scratch = try Scratch()
        let list = try scratch.write(
            "n/a.onnx, p/x.vnnlib ,30\r\n\nn/a.onnx,/abs/y.vnnlib\nn/a.onnx,p/x.vnnlib,5\n", as: "acas/instances.csv")
        let queries = try InstanceList.queries(at: list)
        #expect(
            queries.map(\.key) == [
                "acas,n/a.onnx,p/x.vnnlib", "acas,n/a.onnx,/abs/y.vnnlib", "acas,n/a.onnx,p/x.vnnlib#2",
            ])
        #expect(queries.map(\.timeout) == [30, nil, 5])
        #expect(queries[0].network == "\(scratch.path)/acas/n/a.onnx")
        #expect(queries[1].subject == .property(name: "/abs/y.vnnlib", path: "/abs/y.vnnlib"))
        #expect(try InstanceList.queries(at: "\(scratch.path)/acas") == queries)
        #expect(try InstanceList.queries(at: scratch.path) == queries)
    }

    @Test func directoryOfFiles() throws {
        let scratch = try Scratch()
        for name in ["onnx/b.onnx", "onnx/a.onnx.gz", "vnnlib/p.vnnlib", "q.vnnlib", "notes.txt"] {
            try scratch.write("", as: name)
        }
        let names = try InstanceList.queries(at: scratch.path).map { "\($0.networkName) \($0.propertyName)" }
        #expect(
            names == [
                "onnx/a.onnx.gz q.vnnlib", "onnx/a.onnx.gz vnnlib/p.vnnlib", "onnx/b.onnx q.vnnlib",
                "onnx/b.onnx vnnlib/p.vnnlib",
            ])
    }

    @Test func study() throws {
        let scratch = try Scratch()
        try scratch.write("3,0,255\n1,7,9\n2,1,2\n", as: "data.csv")
        let file = try scratch.write(
            """
            networks: [a.onnx, b.onnx]
            properties: [p.vnnlib]
            timeout: 7
            dataset:
              path: data.csv
              images: "0:3"
              epsilons: [0.01, 1e-3]
              mean: [0.5]
              target: 2
            """, as: "study.yaml")
        let queries = try InstanceList.queries(at: file)
        #expect(queries.count == 2 + 2 * 2 * 2)
        #expect(queries.allSatisfy { $0.timeout == 7 })
        #expect(queries[1].propertyName == "data.csv[0] eps 0.01 target 2 mean 0.5 std 1")
        #expect(queries[4].propertyName == "data.csv[1] eps 1e-3 target 2 mean 0.5 std 1")
    }

    @Test(arguments: [
        ("a.onnx\n", "line 1: 1 columns"), ("a,b,c\n", "line 1: the timeout is 'c'"), ("\n\n", "no rows"),
        ("a,b,1\n,b,1\n", "line 2: an empty name"), ("a,b,-1\n", "line 1: the timeout is '-1'"),
    ])
    func wrongRows(text: String, problem: String) throws {
        let scratch = try Scratch()
        let list = try scratch.write(text, as: "l.csv")
        #expect { try InstanceList.queries(at: list) } throws: { "\($0)".contains("l.csv: \(problem)") }
    }

    @Test(arguments: [
        ("networks: [a", "l.yaml: "), ("properties: [a]", "lacks `networks`"), ("networks: [a]", "asks nothing"),
        ("networks: {a: 1}", "networks: has another kind"),
        ("networks: [a]\ntimeut: 3", "line 2: 'timeut' is no part of a study"),
        ("networks: [a]\ndataset: {path: x, image: 1}", "'image' is no part of a study"),
        ("networks: [a]\ndataset: {path: x, images: '5:2', epsilons: [1]}", "'5:2' is no range"),
        ("networks: [a]\ndataset: {path: x, images: '1', epsilons: [-1]}", "'-1' is no radius"),
        ("networks: [a]\ndataset: {path: x, images: '1', epsilons: [1], std: [0]}", "std above 0"),
        ("networks: [a]\ndataset: {path: x, images: '1', epsilons: [1]}", "x: no such file"),
    ])
    func wrongStudies(text: String, problem: String) throws {
        let scratch = try Scratch()
        let list = try scratch.write(text, as: "l.yaml")
        #expect { try InstanceList.queries(at: list) } throws: { "\($0)".contains(problem) }
    }

    @Test func ranges() {
        #expect(IndexRanges("0:3,7, 9..<11")?.indices == [0, 1, 2, 7, 9, 10])
        for text in ["", "a", "3:3", "5:2", "-1", "1,", "0.."] { #expect(IndexRanges(text) == nil) }
    }
}
