// BranchAndBound
