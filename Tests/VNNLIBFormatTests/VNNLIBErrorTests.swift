import Properties
import Testing

@testable import VNNLIBFormat

@Suite struct VNNLIBErrorTests {
    @Test(arguments: [
        ("(assert (<= X_0 ))", "3:17: expected a number or a variable, found ')'"),
        ("(assert (<= X_0 1.2.3))", "3:17: '1.2.3' is not a decimal number"),
        ("(assert (<= X_9 1))", "3:13: 'X_9' is not declared"),
        ("(assert (<= X_0 1)", "3:19: expected ')', found the end of the file"),
        ("(assert (<= X_0 1", "3:18: the file ends inside an assert"),
        ("(assert (not (<= X_0 1)))", "3:10: 'not' is not supported"),
        ("(assert (=> (<= X_0 1) (<= Y_0 1)))", "3:10: the operator '=>' is not supported"),
        ("(assert (<= (* X_0 Y_0) 1))", "3:20: a product of variables"),
        ("(assert (<= (/ X_0 2) 1))", "3:14: division is not supported"),
        ("(assert X_0)", "3:9: expected a condition, found a number"),
        ("(assert (<= (<= X_0 1) 1))", "3:13: expected a number or a variable, found a condition"),
        ("(assert ((<= X_0 1)))", "3:10: expected an operator, found '('"),
        ("(assert)", "3:8: expected a condition, found ')'"),
        ("(assert (<= foo 1))", "3:13: expected a number or a variable, found 'foo'"),
        ("(assert (<= X_0 1) (<= X_0 2))", "3:20: expected ')', found '('"),
        ("(declare-const X_0 Real)", "3:16: 'X_0' is declared twice"),
        ("(declare-const Z_0 Real)", "3:16: cannot declare 'Z_0'"),
        ("(declare-const X_01 Real)", "3:16: cannot declare 'X_01'"),
        ("(declare-const X_1 Int)", "3:20: expected the type Real, found 'Int'"),
        ("(declare-fun X_1 (Real) Real)", "3:19: expected '()', found 'Real'"),
        ("(declare-const X_2 Real)", "3:16: X_2 is declared but X_1 is not"),
        ("(vnnlib-version <2.0>)", "3:2: this is a VNN-LIB 2.0 file"),
        ("(define-fun f () Real 1)", "3:2: expected a command, found 'define-fun'"),
        (")", "3:1: expected '(' and a command, found ')'"),
        ("", "3:1: nothing is asserted"),
        ("(assert (<= X_0 1))", "1:16: X_0 has no lower bound in the asserts; add (assert (>= X_0 number))"),
        ("(assert (<= Y_0 1))", "1:16: X_0 has no lower bound"),
        (
            "(assert (or (and (<= X_0 1) (>= X_0 0)) (and (>= X_0 2) (<= Y_0 1))))",
            "1:16: X_0 has no upper bound in some case"
        ),
        (
            "(assert (<= X_0 1e400)) (assert (>= X_0 0))",
            "1:16: the upper bound of X_0 lies outside the range of float64"
        ),
        ("(assert (<= (* 1e200 Y_0 1e200) 1))", "3:9: a number of this comparison lies outside the range"),
        ("(assert (<= (+ X_0 1e2000000) 1e2000000))", "3:20: a number here has too many digits"),
    ])
    func faultsAreLocated(text: String, expected: String) throws {
        let head = "(declare-const X_0 Real)\n(declare-const Y_0 Real)\n"
        let error = #expect(throws: VNNLIBError.self) { try readProperty(head + text) }
        let shown = error.map(\.description) ?? ""
        #expect(shown.hasPrefix("prop.vnnlib:" + expected), "\(shown)")
        #expect(shown.contains("; "), "no remedy: \(shown)")
    }

    @Test func deepNestingIsRefused() {
        for text in [
            "(assert " + String(repeating: "(and ", count: 100_000), String(repeating: "(", count: 100_000),
        ] {
            #expect(throws: VNNLIBError.self) { try readProperty("(declare-const X_0 Real)" + text) }
        }
        let deepest =
            String(repeating: "(or (<= Y_0 1) (and (<= Y_0 2) ", count: 499) + "(<= Y_0 3)"
            + String(repeating: "))", count: 499)
        #expect(throws: Never.self) {
            try readProperty(declarations(inputs: 1, outputs: 1) + unitBox(inputs: 1) + "(assert \(deepest))")
        }
    }

    @Test func linesAreCountedWithEveryEnding() {
        for ending in ["\n", "\r\n", "\r"] {
            let error = #expect(throws: VNNLIBError.self) {
                try readProperty(";ä" + ending + ending + "; é (" + ending + "  é")
            }
            #expect(error?.line == 4 && error?.column == 3)
        }
    }
}
