// VNNLIBFormat
